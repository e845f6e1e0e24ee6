"""`ephemeral gc`: one pass of the reaper."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ephemeral.cli.output import output_option, show_table

if TYPE_CHECKING:
    from ephemeral.forges.reconcile import Reclaimed


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--check", is_flag=True, help="Remove nothing; exit 1 when anything is left over.")
@click.option("--repo", is_flag=True, help="In CI: also those of this repository whose pull request is closed.")
@output_option
def gc(*, dry_run: bool, check: bool, repo: bool, output: str) -> None:
    """Remove environments that outlived their lease, and whatever crashes left behind on this machine."""
    from ephemeral.fleet import Collected, collect

    collected = collect(dry_run=dry_run or check)
    if repo:
        known = {entry.name for entry in collected}
        for each in _of_closed(dry_run=dry_run or check):
            if each.name not in known:
                collected.append(Collected(name=each.name, reason=each.reason, error=each.error))
    show_table([asdict(entry) for entry in collected], ("name", "reason", "error"), output, empty="Nothing to collect.")
    if (check and collected) or any(entry.error for entry in collected):
        sys.exit(1)


def _of_closed(*, dry_run: bool) -> "list[Reclaimed]":
    from ephemeral.cli.forge import audience_of, run_context
    from ephemeral.forges.reconcile import reconcile
    from ephemeral.forges.rules import Rules
    from ephemeral.forges.telling import needed

    audience = audience_of(run_context())
    return reconcile(audience.context, needed(audience.forge, audience.context), Rules(), dry_run=dry_run)
