"""`ephemeral events`: what the cluster says happened."""

import click

from ephemeral.cli.named import find_environment, name_option
from ephemeral.cli.output import output_option, show_table


@click.command()
@name_option
@click.option("--warnings", is_flag=True, help="Only warnings.")
@output_option
def events(*, name: str, warnings: bool, output: str) -> None:
    """Print the events of an environment, oldest first."""
    rows = [
        {
            "time": event.last.isoformat(timespec="seconds"),
            "type": "Warning" if event.warning else "Normal",
            "object": event.about,
            "reason": event.reason,
            "count": event.count,
            "message": event.message,
        }
        for event in find_environment(name).events(warnings=warnings)
    ]
    show_table(rows, ("time", "type", "object", "reason", "count", "message"), output, empty="No events.")
