"""The command line: parse, call the library, render. Commands are imported only when they are used."""

import importlib
import json
import os
import re
import signal
import sys
from typing import Any, NoReturn

import click

from ephemeral.cli.signals import Interrupted, raise_on_signals
from ephemeral.errors import EphemeralError

#: Name -> where the command is, and the line that `ephemeral --help` shows without importing it.
COMMANDS = {
    "run": ("ephemeral.cli.run:run", "Give a command its own Kubernetes, then remove it."),
    "up": ("ephemeral.cli.up:up", "Create an environment, or update it in place, and leave it running."),
    "deploy": ("ephemeral.cli.deploy:deploy", "Deploy the app into a running environment."),
    "status": ("ephemeral.cli.status:status", "Show one environment and its workloads."),
    "list": ("ephemeral.cli.list:list_", "List the environments of this machine."),
    "kubeconfig": ("ephemeral.cli.kubeconfig:kubeconfig", "Print the kubeconfig of an environment."),
    "url": ("ephemeral.cli.url:url", "Open a Service to this machine and print its URL."),
    "exec": ("ephemeral.cli.exec:exec_", "Run a command with KUBECONFIG set to an environment."),
    "logs": ("ephemeral.cli.logs:logs", "Print the logs of the app, or of the control plane."),
    "events": ("ephemeral.cli.events:events", "Print the events of an environment."),
    "report": ("ephemeral.cli.report:report", "Write a report of an environment: a page, events, states, logs."),
    "image": ("ephemeral.cli.image:image", "Load images of this machine into an environment."),
    "preview": ("ephemeral.cli.preview:preview", "Put baseline and candidate side by side, with a verdict."),
    "verify": ("ephemeral.cli.verify:verify", "Check from inside that an environment is isolated as promised."),
    "down": ("ephemeral.cli.down:down", "Remove an environment and all that belongs to it."),
    "gc": ("ephemeral.cli.gc:gc", "Remove environments that outlived their lease, and leftovers of crashes."),
    "pr": ("ephemeral.cli.pr:pr", "Keep the environment of a pull request in step with it."),
    "comment": ("ephemeral.cli.comment:comment", "Comment on a pull request what its environment is."),
    "init": ("ephemeral.cli.init:init", "Write an ephemeral.yaml for this repository."),
    "schema": ("ephemeral.cli.schema:schema", "Print the JSON Schema of ephemeral.yaml."),
    "tools": ("ephemeral.cli.tools:tools", "List, install and check the programs that ephemeral runs."),
    "doctor": ("ephemeral.cli.doctor:doctor", "Check whether this machine can run environments."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and help lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is used."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of that name."""
        if args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"there is no command {args[0]!r}{f'; did you mean {near[0]}?' if near else '.'}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ephemeral-k8s", prog_name="ephemeral")
@click.option("--debug", is_flag=True, envvar="EPHEMERAL_DEBUG", help="Show a traceback with errors.")
@click.pass_context
def cli(ctx: click.Context, *, debug: bool) -> None:
    """An isolated Kubernetes of its own for every pipeline run, pull request and test."""
    ctx.obj = {"debug": debug}
    if os.environ.get("EPHEMERAL_HOST_KUBECONFIG"):
        from ephemeral.forges.kubeconfig_input import accept_host_kubeconfig

        accept_host_kubeconfig()


def main() -> NoReturn:
    """Run the command line; every error ends here, once."""
    raise_on_signals()
    arguments = sys.argv[1:]
    # `run` keeps 125 for our own failures, because every other code may be the command's.
    is_run = next((word for word in arguments if not word.startswith("-")), "") == "run"
    try:
        cli.main(args=arguments, prog_name="ephemeral", standalone_mode=True)
    except EphemeralError as error:
        show_error(error, as_json=_wants_json(arguments))
        if "--debug" in arguments or os.environ.get("EPHEMERAL_DEBUG"):
            raise
        sys.exit(125 if is_run else error.exit_code)
    except Interrupted as interruption:
        click.echo(f"ephemeral: ended by {signal.Signals(interruption.number).name}", err=True)
        sys.exit(128 + interruption.number)
    sys.exit(0)


def show_error(error: EphemeralError, *, as_json: bool = False) -> None:
    """What failed and why, then what to do next; to stderr."""
    if as_json:
        body: dict[str, Any] = {"error": error.slug, "message": error.message, "hint": error.hint}
        click.echo(json.dumps(body).replace("##[", "##\\u005b"), err=True)
        return
    click.echo(f"{click.style('error', fg='red', bold=True)} [{error.slug}] {_harmless(error.message)}", err=True)
    if error.hint:
        click.echo(f"{click.style('hint', fg='cyan')}: {_harmless(error.hint)}", err=True)


def _harmless(text: str) -> str:
    """On GitHub, what a cluster said must not become a workflow command."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return "\n".join(re.sub(r"^(\s*)::", r"\1: :", line) for line in text.splitlines()).replace("##[", "# #[")


def _wants_json(arguments: list[str]) -> bool:
    """Read from the words, because the error may come before click has read them."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for word, following in zip(ours, [*ours[1:], ""], strict=True):
        if word in ("-o", "--output"):
            return following == "json"
        if word in ("-ojson", "--output=json"):
            return True
    return os.environ.get("EPHEMERAL_OUTPUT") == "json"
