"""`ephemeral exec`: a command of this machine, pointed at an environment."""

import sys

import click

from ephemeral.cli.command import check_command, run_command, variables_of
from ephemeral.cli.named import find_environment, name_option


@click.command("exec", context_settings={"ignore_unknown_options": True})
@name_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(*, name: str, command: tuple[str, ...]) -> None:
    """Run COMMAND with KUBECONFIG set to an environment: `ephemeral exec -- kubectl get pods`."""
    check_command(command)
    environment = find_environment(name)
    sys.exit(run_command(command, variables_of(environment)))
