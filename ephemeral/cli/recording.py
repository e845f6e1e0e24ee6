"""What `--junit` asks for: the record of a command, written whatever its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from ephemeral.errors import StateError
from ephemeral.progress import Silent
from ephemeral.reports.timeline import Timeline

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class Record:
    """What is known so far: a command fills in more as it gets on."""

    name: str = "ephemeral"
    timeline: Timeline = field(default_factory=lambda: Timeline(Silent()))


def junit_option(function: Function) -> Function:
    """Add `--junit FILE`."""
    option = click.option(
        "--junit",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="EPHEMERAL_JUNIT",
        show_envvar=True,
        help="Write JUnit XML there: phases and workloads as test cases.",
    )
    return option(function)


@contextmanager
def recording(junit: Path | None) -> Iterator[Record]:
    """Write the file when the body ends, however it ends. Raises StateError when it can't, and nothing else failed."""
    record = Record()
    try:
        yield record
    except BaseException as error:
        if junit:
            _try_write(junit, record, error)
        raise
    if junit and (trouble := _try_write(junit, record, None)):
        raise StateError(trouble)


def _try_write(path: Path, record: Record, error: BaseException | None) -> str:
    """Why the file could not be written: that must not hide the failure it is about."""
    from ephemeral.reports.failure import Failure
    from ephemeral.reports.junit import junit

    text = junit(record.name, record.timeline, Failure.of(error) if error else None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        return f"{path} can't be written: {failure.strerror or failure}"
    return ""
