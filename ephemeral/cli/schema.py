"""`ephemeral schema`: for editors and validators."""

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of ephemeral.yaml."""
    from ephemeral.spec.schema import SCHEMA_FILE

    click.echo(SCHEMA_FILE.read_text(encoding="utf-8"), nl=False)
