"""`ephemeral status`: one environment, its cluster and its workloads."""

import click

from ephemeral.cli.named import find_environment
from ephemeral.cli.output import output_option, show


@click.command()
@click.argument("name", default="", envvar=["EPHEMERAL_CURRENT", "EPHEMERAL_NAME"])
@output_option
def status(*, name: str, output: str) -> None:
    """Show the environment NAME (the only one, if there is just one): state, lease, workloads."""
    environment = find_environment(name)
    values = environment.describe()
    trouble = environment.diagnose()
    if trouble:
        values["trouble"] = trouble
    else:
        values["workloads"] = environment.workloads()
    if output == "text":
        values |= {"workloads": "", **{f"  {key}": state for key, state in values.pop("workloads", {}).items()}}
    show(values, output)
