"""`ephemeral preview`: baseline and candidate side by side, and a verdict."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ephemeral.cli.named import find_environment, name_option
from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import output_option, report_option, show

if TYPE_CHECKING:
    from ephemeral.previews.preview import Preview
    from ephemeral.previews.state import State

Function = TypeVar("Function", bound=Callable[..., Any])

#: What a verdict is worth as an exit code; a preview without one has not failed.
_EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3, "": 0}

#: Where a preview's records are, below the report of its environment.
_FOLDER = "preview"

_watch_option = click.option("--watch", is_flag=True, help="Follow the preview until it is over.")


@click.group()
def preview() -> None:
    """Put baseline and candidate of the app side by side, as `preview:` of ephemeral.yaml describes it.

    Exit codes are the verdict: 0 pass, 1 fail, 3 inconclusive.
    """


@preview.command()
@spec_options
@report_option
@_watch_option
@output_option
def start(*, report: Path, watch: bool, output: str, **options: Any) -> None:
    """Begin the preview and do its steps, or go on with one that was left; ends at a pause until `promote`.

    The environment runs already, with the baseline in it; inside `ephemeral run` it is that one. What the load saw goes
    to the report's directory, as a page and a picture, too. With `--watch`, it waits at such a pause until somebody
    promotes or aborts.
    """
    with _opened(options) as found:
        state = found.start(records=_records(report, found))
        _draw(report, found)
        if watch and state.phase == "paused":
            state = found.follow()
    _finish(state, output)


@preview.command()
@name_option
@_watch_option
@output_option
def status(*, name: str, watch: bool, output: str) -> None:
    """Show the preview as it stands: phase, weight, verdict and what happened."""
    with _named(name) as found:
        state = found.follow() if watch else found.status()
    _show(state, output)


@preview.command()
@spec_options
@report_option
@output_option
def promote(*, report: Path, output: str, **options: Any) -> None:
    """Go on after an open pause; where none is open, make the baseline what the candidate is.

    Goes on with a promotion that was begun and left.
    """
    with _opened(options) as found:
        state = found.promote(records=_records(report, found))
        _draw(report, found)
    _finish(state, output)


@preview.command()
@name_option
@output_option
def abort(*, name: str, output: str) -> None:
    """Give the candidate no more requests, remove it, and see by requests that the baseline answers all."""
    with _named(name) as found:
        state = found.abort()
    _show(state, output)


@preview.command()
@name_option
@click.option("--port", default="", help="Port number or name.")
@click.argument("service", default="")
def url(*, name: str, service: str, port: str) -> None:
    """Print where the candidate of SERVICE (the first that is previewed) alone answers."""
    with _named(name) as found:
        click.echo(found.url(service, port))


@preview.command()
@name_option
@report_option
def report(*, name: str, report: Path) -> None:
    """Draw the preview again out of what its load saw, into the report's directory; print the paths.

    A page for a browser and, where matplotlib is installed, a PNG. The environment need not be there any more if its
    name is given.
    """
    name = name or find_environment(name).name
    from ephemeral.previews.report import draw_records

    for path in draw_records(report / name / _FOLDER, title=name):
        click.echo(path)


@contextmanager
def _opened(options: dict[str, Any]) -> "Iterator[Preview]":
    """The preview that ephemeral.yaml describes."""
    spec = load_spec(**options).spec
    from ephemeral.cli.progress import open_progress
    from ephemeral.environment import attach

    with open_progress() as progress:
        name = options["name"] or os.environ.get("EPHEMERAL_CURRENT") or spec.name
        yield attach(name, spec=spec if spec.preview else None, progress=progress).preview()


@contextmanager
def _named(name: str) -> "Iterator[Preview]":
    """The preview of an environment, whatever it was described by."""
    from ephemeral.cli.progress import open_progress

    with open_progress() as progress:
        yield find_environment(name, progress=progress).preview()


def _records(report: Path, found: "Preview") -> Path:
    return report / found.environment / _FOLDER


def _draw(report: Path, found: "Preview") -> None:
    """Draw the verdict beside its records; a preview that has none yet leaves nothing to draw."""
    from ephemeral.previews.records import VERDICT

    folder = _records(report, found)
    if (folder / VERDICT).exists():
        from ephemeral.previews.report import draw_records

        for path in draw_records(folder, title=found.environment):
            click.echo(f"report: {path}", err=True)


def _show(state: "State", output: str) -> None:
    values = state.to_dict()
    history = values.pop("history")
    if output == "json":
        show({**values, "history": history}, output)
        return
    show(values, output)
    for line in history:
        click.echo(f"  {line}")


def _finish(state: "State", output: str) -> None:
    _show(state, output)
    sys.exit(_EXIT_CODES[state.verdict])
