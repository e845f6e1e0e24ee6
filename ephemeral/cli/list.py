"""`ephemeral list`: every environment of this machine."""

import click

from ephemeral.cli.output import output_option, show_table

_COLUMNS = ("name", "state", "provider", "nodes", "kubernetes", "owner", "expires-at", "memory-bytes")


@click.command("list")
@output_option
def list_(*, output: str) -> None:
    """List the environments of this machine: owner, expiry, size, state."""
    from ephemeral.fleet import list_environments

    show_table(list_environments(), _COLUMNS, output, empty="No environment runs here. `ephemeral up` makes one.")
