"""`ephemeral run`: one command, one Kubernetes, nothing left."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ephemeral.cli.command import CommandError, check_command, run_command, variables_of
from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import report_option
from ephemeral.cli.recording import Record, junit_option, recording
from ephemeral.errors import SpecError
from ephemeral.reports.timeline import Timeline

if TYPE_CHECKING:
    from ephemeral.environment import Environment


@click.command(context_settings={"ignore_unknown_options": True})
@spec_options
@report_option
@click.option(
    "--always-report",
    is_flag=True,
    envvar="EPHEMERAL_ALWAYS_REPORT",
    show_envvar=True,
    help="Write the report even if nothing fails.",
)
@junit_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(*, junit: Path | None, **options: Any) -> None:
    """Create an environment, deploy the app, run COMMAND against it, and remove everything.

    COMMAND finds KUBECONFIG in its environment, and EPHEMERAL_URL when something is exposed; its exit code is this
    one's. 125 says that ephemeral itself failed.
    Without COMMAND, the `test:` of ephemeral.yaml runs. When anything fails, a bundle of events, states and logs,
    with a page to read in a browser, is written before the teardown.
    """
    try:
        with recording(junit) as record:
            _run(record, **options)
    except CommandError as error:
        sys.exit(error.returncode)


def _run(record: Record, *, command: tuple[str, ...], report: Path, always_report: bool, **options: Any) -> None:
    loaded = load_spec(**options)
    command = command or loaded.spec.test
    if not command:
        raise SpecError("there is no command to run.", hint="Give one after `--`, or `test:` in ephemeral.yaml.")
    check_command(command)
    from ephemeral.cli.progress import open_progress
    from ephemeral.environment import unique_name, up
    from ephemeral.forges.context import owner_from_ci

    record.name = loaded.spec.name if options["name"] else unique_name(loaded.spec.name)
    spec = dataclasses.replace(loaded.spec, name=record.name)
    owner = owner_from_ci()
    with open_progress() as shown:
        timeline = record.timeline = Timeline(shown)
        with up(spec, owner=owner, report=report, progress=timeline) as environment:
            try:
                _test(environment, command)
            except CommandError as error:
                timeline.note(f"{error}; {environment.try_report(report, error)}")
                raise
            if always_report:
                timeline.note(environment.try_report(report, verdict="pass"))


def _test(environment: "Environment", command: tuple[str, ...]) -> None:
    variables = variables_of(environment)
    with environment.progress.phase("run"):
        code = run_command(command, variables)
        if code != 0:
            raise CommandError(f"the command {command[0]} ended with {code}", returncode=code)
