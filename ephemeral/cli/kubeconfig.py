"""`ephemeral kubeconfig`: the way into an environment."""

import click

from ephemeral.cli.named import find_environment


@click.command()
@click.argument("name", default="", envvar=["EPHEMERAL_CURRENT", "EPHEMERAL_NAME"])
@click.option("--path", is_flag=True, help="Print where the file is instead of what it says.")
def kubeconfig(*, name: str, path: bool) -> None:
    """Print the administrator's kubeconfig of the environment NAME."""
    file = find_environment(name).kubeconfig
    click.echo(str(file) if path else file.read_text(encoding="utf-8"))
