"""`ephemeral gc`: one pass of the reaper."""

import sys
from dataclasses import asdict

import click

from ephemeral.cli.output import output_option, show_table


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--check", is_flag=True, help="Remove nothing; exit 1 when anything is left over.")
@output_option
def gc(*, dry_run: bool, check: bool, output: str) -> None:
    """Remove environments that outlived their lease, and whatever crashes left behind on this machine."""
    from ephemeral.fleet import collect

    collected = collect(dry_run=dry_run or check)
    show_table([asdict(entry) for entry in collected], ("name", "reason", "error"), output, empty="Nothing to collect.")
    if (check and collected) or any(entry.error for entry in collected):
        sys.exit(1)
