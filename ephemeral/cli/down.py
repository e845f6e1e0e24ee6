"""`ephemeral down`: nothing left. Light on imports: it is the last thing a job waits for."""

import click


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def down(*, names: tuple[str, ...]) -> None:
    """Remove environments and all that belongs to them. What isn't there counts as removed."""
    from ephemeral.clusters.local import LocalProvider

    provider = LocalProvider()
    for name in names:
        removed = provider.delete(name)
        click.echo(f"{name}: removed" if removed else f"{name}: was not there")
