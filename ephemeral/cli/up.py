"""`ephemeral up`: create or update, and leave running until the lease ends."""

from pathlib import Path
from typing import Any

import click

from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import output_option, report_option, show


@click.command()
@spec_options
@report_option
@output_option
def up(*, report: Path, output: str, **options: Any) -> None:
    """Create an environment, deploy the app and leave it running until `down`, or until its lease ends.

    An environment of that name that runs already is updated in place, and its lease renewed.
    """
    loaded = load_spec(**options)
    from ephemeral.cli.progress import open_progress
    from ephemeral.environment import up as create
    from ephemeral.forges.context import owner_from_ci

    with open_progress() as progress:
        environment = create(loaded.spec, owner=owner_from_ci(), detach=True, report=report, progress=progress)
    show(environment.describe(), output)
