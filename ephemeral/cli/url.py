"""`ephemeral url`: where a Service answers."""

import click

from ephemeral.cli.named import find_environment, name_option


@click.command()
@name_option
@click.option("--namespace", "-n", default="default", show_default=True, help="Namespace of the Service.")
@click.option("--port", default="", help="Port number or name; needed when there are several and none is called http.")
@click.option("--path", default="/", show_default=True, help="Path to put behind.")
@click.argument("service")
def url(*, name: str, namespace: str, port: str, path: str, service: str) -> None:
    """Open SERVICE to this machine and print its URL, which answers as long as the environment lives."""
    click.echo(find_environment(name).url(service, port=port, namespace=namespace, path=path))
