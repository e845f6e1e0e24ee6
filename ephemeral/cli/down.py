"""`ephemeral down`: nothing left. Light on imports: it is the last thing a job waits for."""

import click


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--force", is_flag=True, help="Strip finalizers that hold up objects of the environment on a host.")
def down(*, names: tuple[str, ...], force: bool) -> None:
    """Remove environments and all that belongs to them. What isn't there counts as removed.

    An environment on a host cluster that another machine made is found by EPHEMERAL_HOST_KUBECONFIG, _CONTEXT and
    _NAMESPACE.
    """
    from ephemeral.clusters.where import provider_of_name

    for name in names:
        removed = provider_of_name(name).delete(name, force=force)
        click.echo(f"{name}: removed" if removed else f"{name}: was not there")
