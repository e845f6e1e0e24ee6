"""Progress on a terminal: a tree of phases, the states of what the current one waits for below it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self, TextIO

from ephemeral.cli.progress_text import COMMAND_PHASE, printable
from ephemeral.progress import Readiness

#: Drawing begins this much later: importing rich takes as long as launching a control plane, which comes first.
_HEAD_START_SECONDS = 0.3

#: A terminal that takes nothing (Ctrl-S) must not hold up the work.
_LAST_FRAME_SECONDS = 2.0


@dataclass
class Phase:
    """What is drawn of a phase; ``seconds`` is None while it runs, ``depth`` is that of its nesting."""

    title: str
    depth: int
    begin: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    failed: bool = False
    states: dict[str, str] = field(default_factory=dict)


class Tree:
    """A live tree (implements Progress), drawn by a thread of its own; in the end one line a phase remains."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._phases: list[Phase] = []
        self._open: list[Phase] = []
        self._notes: list[str] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._artist: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_drawing()

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Show the phase as running until its body ends."""
        if title == COMMAND_PHASE:
            self._stop_drawing()
        phase = Phase(printable(title), depth=len(self._open))
        with self._lock:
            self._phases.append(phase)
            self._open.append(phase)
        if title != COMMAND_PHASE:
            self._draw()
        try:
            yield
        except BaseException:
            phase.failed = True
            raise
        finally:
            with self._lock:
                phase.seconds = time.monotonic() - phase.begin
                self._open.remove(phase)

    def note(self, text: str) -> None:
        """Print the text above the tree."""
        with self._lock:
            self._notes.append(text)
        self._draw()

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """Show the newest state of a subject below the running phase."""
        with self._lock:
            if self._open:
                states = self._open[-1].states
                states.pop(printable(subject), None)
                states[printable(subject)] = printable(text)  # the newest last

    def snapshot(self) -> tuple[list[Phase], list[str]]:
        """The phases to draw, and the notes that came since the last call."""
        with self._lock:
            notes, self._notes = self._notes, []
            return [replace(phase, states=dict(phase.states)) for phase in self._phases], notes

    def _draw(self) -> None:
        if self._artist is None:
            self._over = threading.Event()
            self._artist = threading.Thread(target=self._draw_until, args=(self._over,), name="progress", daemon=True)
            self._artist.start()

    def _draw_until(self, over: threading.Event) -> None:
        over.wait(_HEAD_START_SECONDS)
        from ephemeral.cli.progress_live import draw

        with suppress(OSError, ValueError):  # the terminal is gone; the work goes on
            draw(self._stream, self.snapshot, over)

    def _stop_drawing(self) -> None:
        """The last picture stays where it is; what follows begins a new one below."""
        if self._artist is not None:
            self._over.set()
            self._artist.join(_LAST_FRAME_SECONDS)
            self._artist = None
            with self._lock:
                self._phases.clear()
