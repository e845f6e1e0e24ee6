"""`ephemeral run`: one command, one Kubernetes, nothing left."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from ephemeral.cli.command import check_command, run_command, variables_of
from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import report_option
from ephemeral.errors import SpecError


@click.command(context_settings={"ignore_unknown_options": True})
@spec_options
@report_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(*, command: tuple[str, ...], report: Path, **options: Any) -> None:
    """Create an environment, deploy the app, run COMMAND against it, and remove everything.

    COMMAND finds KUBECONFIG in its environment, and EPHEMERAL_URL when something is exposed; its exit code is this
    one's. 125 says that ephemeral itself failed.
    Without COMMAND, the `test:` of ephemeral.yaml runs. When anything fails, a bundle of events, states and logs
    is written before the teardown.
    """
    loaded = load_spec(**options)
    command = command or loaded.spec.test
    if not command:
        raise SpecError("there is no command to run.", hint="Give one after `--`, or `test:` in ephemeral.yaml.")
    check_command(command)
    from ephemeral.cli.progress import open_progress
    from ephemeral.environment import unique_name, up
    from ephemeral.forges.context import owner_from_ci

    name = loaded.spec.name if options["name"] else unique_name(loaded.spec.name)
    spec = dataclasses.replace(loaded.spec, name=name)
    owner = owner_from_ci()
    with open_progress() as progress, up(spec, owner=owner, report=report, progress=progress) as environment:
        variables = variables_of(environment)
        with progress.phase("run"):
            code = run_command(command, variables)
        if code != 0:
            progress.note(f"the command ended with {code}; {environment.try_report(report)}")
    sys.exit(code)
