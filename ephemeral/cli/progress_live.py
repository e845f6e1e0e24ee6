"""Drawing the tree of phases with rich; imported only once something is to be drawn."""

import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ephemeral.cli.progress_text import printable_lines
from ephemeral.cli.progress_tree import Phase

_FRAME_SECONDS = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SHOWN_STATES = 12

Snapshot = Callable[[], tuple[list[Phase], list[str]]]


def draw(stream: TextIO, snapshot: Snapshot, over: Event) -> None:
    """Draw until ``over``, and once more then. Raises OSError when the terminal goes away."""
    console = Console(file=stream)
    # Not stdout: it may be a pipe that waits for JSON.
    with Live(console=console, auto_refresh=False, redirect_stdout=False) as live:
        ended = False
        while not ended:
            ended = over.wait(_FRAME_SECONDS)
            phases, notes = snapshot()
            for note in notes:
                console.print(Text("\n".join(printable_lines(note))), soft_wrap=True)
            live.update(Group(*(line for phase in phases for line in _lines(phase))), refresh=True)


def _lines(phase: Phase) -> Iterator[Text]:
    indent = "  " * phase.depth
    seconds = time.monotonic() - phase.begin if phase.seconds is None else phase.seconds
    if phase.seconds is None:
        mark, style = _SPINNER[int(seconds / _FRAME_SECONDS) % len(_SPINNER)], "cyan"
    else:
        mark, style = ("✗", "red") if phase.failed else ("✓", "green")
    yield _line(indent, (mark, style), f" {phase.title}  ", (f"{seconds:.1f} s", "dim"))
    if phase.seconds is None or phase.failed:
        for subject, text in list(phase.states.items())[-_SHOWN_STATES:]:
            yield _line(f"{indent}    ", (subject, "bold"), f"  {text}")


def _line(*parts: str | tuple[str, str]) -> Text:
    """A line that is cut, not wrapped: the tree keeps its shape on a narrow terminal."""
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
