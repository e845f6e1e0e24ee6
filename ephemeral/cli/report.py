"""`ephemeral report`: all there is to see of an environment, as a folder and a page."""

from pathlib import Path

import click

from ephemeral.cli.named import find_environment
from ephemeral.cli.output import report_option
from ephemeral.errors import StateError


@click.command()
@click.argument("name", default="", envvar=["EPHEMERAL_CURRENT", "EPHEMERAL_NAME"])
@report_option
def report(*, name: str, report: Path) -> None:
    """Write a report of the running environment NAME (the only one, if there is just one); print its page's path."""
    environment = find_environment(name)
    from ephemeral.reports.bundle import PAGE

    try:
        folder = environment.report(report)
    except OSError as failure:
        raise StateError(f"{report} can't be written: {failure.strerror or failure}") from failure
    click.echo(folder / PAGE)
