"""`ephemeral deploy`: the app alone, into an environment that runs."""

from pathlib import Path
from typing import Any

import click

from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import output_option, report_option, show


@click.command()
@spec_options
@report_option
@output_option
def deploy(*, report: Path, output: str, **options: Any) -> None:
    """Deploy the app of ephemeral.yaml into the environment of that name, and wait until it is ready."""
    loaded = load_spec(**options)
    from ephemeral.cli.progress import open_progress
    from ephemeral.environment import attach

    with open_progress() as progress:
        environment = attach(loaded.spec.name, spec=loaded.spec, progress=progress)
        with environment.reporting(report):
            environment.deploy()
    show(environment.describe(), output)
