"""How results are shown: text for people, JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def output_option(function: Function) -> Function:
    """Add `--output text|json`."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        envvar="EPHEMERAL_OUTPUT",
        show_envvar=True,
        help="Text for people or JSON for programs.",
    )
    return option(function)


def report_option(function: Function) -> Function:
    """Add `--report DIR`, where the bundle of a failure goes."""
    option = click.option(
        "--report",
        type=click.Path(path_type=Path, file_okay=False),
        default="ephemeral-report",
        envvar="EPHEMERAL_REPORT",
        show_envvar=True,
        show_default=True,
        help="Directory for the report of a failure.",
    )
    return option(function)


def show(values: Mapping[str, Any], output: str) -> None:
    """Print one thing: `key  value` lines, or a JSON object."""
    if output == "json":
        click.echo(json.dumps(values, indent=2))
        return
    width = max(map(len, values), default=0)
    for key, value in values.items():
        click.echo(f"{key:<{width}}  {_spell(key, value)}")


def show_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], output: str, *, empty: str) -> None:
    """Print many things alike: a table of ``columns``, or a JSON array of everything known."""
    if output == "json":
        click.echo(json.dumps(list(rows), indent=2))
        return
    if not rows:
        click.echo(empty)
        return
    cells = [[column.upper() for column in columns]]
    cells += [[_spell(column, row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _spell(key: str, value: Any) -> str:
    if key.endswith("-bytes") and isinstance(value, int):
        return f"{value / 2**20:.0f} MiB"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return str(value)
