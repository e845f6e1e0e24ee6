"""`ephemeral list`: every environment of this machine."""

import click

from ephemeral.cli.output import output_option, show_table

_COLUMNS = ("name", "state", "provider", "nodes", "kubernetes", "owner", "expires-at", "memory-bytes")
#: What an environment takes on its host beside memory.
_SIZES = ("cpu", "pods")


@click.command("list")
@click.option("--all", "everywhere", is_flag=True, help="Every environment on the host cluster, whoever made it.")
@output_option
def list_(*, everywhere: bool, output: str) -> None:
    """List the environments of this machine, and with --all those of the host: owner, expiry, size, state."""
    from ephemeral.fleet import list_environments

    show_table(
        list_environments(everywhere=everywhere),
        (*_COLUMNS, *_SIZES) if everywhere else _COLUMNS,
        output,
        empty="No environment runs here. `ephemeral up` makes one.",
    )
