"""`ephemeral up`: create or update, and leave running until the lease ends."""

from pathlib import Path
from typing import Any

import click

from ephemeral.cli.handover import dotenv_option, write_dotenv
from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import output_option, report_option, show
from ephemeral.cli.recording import junit_option, recording
from ephemeral.reports.timeline import Timeline


@click.command()
@spec_options
@report_option
@junit_option
@dotenv_option
@output_option
def up(*, report: Path, junit: Path | None, dotenv: Path | None, output: str, **options: Any) -> None:
    """Create an environment, deploy the app and leave it running until `down`, or until its lease ends.

    An environment of that name that runs already is updated in place, and its lease renewed.
    """
    with recording(junit) as record:
        loaded = load_spec(**options)
        record.name = loaded.spec.name
        from ephemeral.cli.progress import open_progress
        from ephemeral.environment import up as create
        from ephemeral.forges.context import owner_from_ci

        with open_progress() as shown:
            timeline = record.timeline = Timeline(shown)
            environment = create(loaded.spec, owner=owner_from_ci(), detach=True, report=report, progress=timeline)
        urls = environment.urls()
        if dotenv:
            write_dotenv(dotenv, environment.name, urls)
    show({**environment.describe(), "urls": urls, "created": environment.is_new}, output)
