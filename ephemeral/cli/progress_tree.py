"""Progress on a terminal: a tree of phases, the states of what the current one waits for below it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

_SHOWN_STATES = 12


@dataclass
class _Phase:
    title: str
    begin: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    failed: bool = False
    states: dict[str, str] = field(default_factory=dict)


class LiveTree:
    """A live display on stderr (implements Progress); what remains at the end is one line a phase."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._phases: list[_Phase] = []
        self._lock = threading.Lock()
        self._live = self._new_live()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Show a phase with a spinner while its body runs."""
        phase = _Phase(title)
        context = self._hands_off(phase) if title == "run" else self._shown(phase)
        try:
            with context:
                yield
        except BaseException:
            phase.failed = True
            raise
        finally:
            phase.seconds = time.monotonic() - phase.begin

    @contextmanager
    def _shown(self, phase: _Phase) -> Iterator[None]:
        with self._lock:
            self._phases.append(phase)
        yield

    @contextmanager
    def _hands_off(self, phase: _Phase) -> Iterator[None]:
        """The user's command owns the terminal while it runs; the phases before it stay printed above its output."""
        self._live.stop()
        try:
            yield
        finally:
            with self._lock:
                self._phases[:] = [phase]
            self._live = self._new_live()
            self._live.start()

    def _new_live(self) -> Live:
        return Live(console=self._console, get_renderable=self._render, refresh_per_second=8)

    def note(self, text: str) -> None:
        """Print a line above the tree."""
        self._console.print(text, markup=False, highlight=False)

    def state(self, subject: str, text: str) -> None:
        """Show the newest state of a subject below the running phase."""
        with self._lock:
            if self._phases:
                self._phases[-1].states[subject] = text

    def _render(self) -> RenderableType:
        with self._lock:
            lines: list[RenderableType] = []
            for phase in self._phases:
                lines += _lines(phase)
        return Group(*lines)


def _lines(phase: _Phase) -> Iterator[RenderableType]:
    if phase.seconds is None:
        elapsed = time.monotonic() - phase.begin
        yield Spinner("dots", Text(f"{phase.title}  {elapsed:.1f} s"), style="cyan")
    else:
        mark, style = ("✗", "red") if phase.failed else ("✓", "green")
        yield Text.assemble((mark, style), f" {phase.title}  ", (f"{phase.seconds:.1f} s", "dim"))
    if phase.seconds is None or phase.failed:
        for subject, text in list(phase.states.items())[-_SHOWN_STATES:]:
            yield Text.assemble("    ", (subject, "bold"), f"  {text}")
