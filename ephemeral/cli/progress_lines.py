"""Progress as lines: for logs, files and CI."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from ephemeral.cli.progress_text import COMMAND_PHASE, printable, printable_lines
from ephemeral.progress import Readiness

#: So long may nothing be printed; then the newest states are repeated, so that nobody wonders whether it hangs.
_SILENCE_SECONDS = 10.0

#: So many changes of one subject are printed at once. One that changes on and on (a download) then gets a line only
#: as often as silence would.
_FREE_LINES = 8

_REPEATED_STATES = 3


@dataclass
class _Phase:
    title: str
    begin: float
    states: dict[str, str] = field(default_factory=dict)
    printed: dict[str, tuple[int, float]] = field(default_factory=dict)


class Lines:
    """One line for everything that changes, with the seconds since the start (implements Progress)."""

    def __init__(
        self, stream: TextIO, *, silence: float = _SILENCE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._silence = silence
        self._clock = clock
        self._begin = self._last_line = clock()
        self._open: list[_Phase] = []
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._reminder = threading.Thread(target=self._remind, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._reminder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._reminder.join()

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Print how the body ends, and meanwhile what changes in it."""
        phase = _Phase(title, self._clock())
        with self._lock:
            self._opened(title)
            self._open.append(phase)
        outcome = "failed"
        try:
            yield
            outcome = "done"
        finally:
            with self._lock:
                self._open.remove(phase)
                self._closed(title, f"{title}: {outcome} in {self._clock() - phase.begin:.1f} s")

    def note(self, text: str) -> None:
        """Print the text."""
        self._print(text)

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """Print the state of a subject when it is new."""
        with self._lock:
            phase = self._open[-1] if self._open else _Phase("", self._begin)
            if phase.states.pop(subject, None) != text and self._is_due(phase, subject):
                self._print(f"{phase.title}: {printable(subject)} {printable(text)}")
            phase.states[subject] = text  # the newest last

    def write(self, line: str) -> None:
        """Write a line; a reader that went away does not matter to the work."""
        with suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _opened(self, title: str) -> None:
        """A phase begins: there is nothing to print until something happens."""

    def _closed(self, title: str, outcome: str) -> None:
        """A phase has ended."""
        self._print(outcome)

    def _is_due(self, phase: _Phase, subject: str) -> bool:
        count, last = phase.printed.get(subject, (0, 0.0))
        if count >= _FREE_LINES and self._clock() - last < self._silence:
            return False
        phase.printed[subject] = count + 1, self._clock()
        return True

    def _print(self, text: str) -> None:
        with self._lock:
            self._last_line = self._clock()
            for line in printable_lines(text):
                self.write(f"[{self._last_line - self._begin:5.1f}s] {line}")

    def _remind(self) -> None:
        while not self._over.wait(max(0.01, self._last_line + self._silence - self._clock())):
            with self._lock:
                phase = self._open[-1] if self._open else None
                if self._clock() - self._last_line < self._silence:
                    continue
                if phase is None or phase.title == COMMAND_PHASE:
                    self._last_line = self._clock()  # whatever is silent now is not ours
                else:
                    self._print(f"{phase.title}: {_newest(phase) or 'still waiting'}")


class GitHubLines(Lines):
    """The same, each phase a group; what others wrote can't become a workflow command."""

    def write(self, line: str) -> None:
        """Write a line that GitHub takes as text.

        `::command::` counts only at a line's start, where ours have `[`; the older `##[command]` counts anywhere.
        """
        super().write(line.replace("##[", "# #["))

    def _opened(self, title: str) -> None:
        """Open a group; GitHub knows none inside another, and the command's output is not to be folded away."""
        if not self._open and title != COMMAND_PHASE:
            self.write(f"::group::{_escape(title)}")

    def _closed(self, title: str, outcome: str) -> None:
        """End the group, its outcome outside."""
        if not self._open and title != COMMAND_PHASE:
            self.write("::endgroup::")
        super()._closed(title, outcome)


def _newest(phase: _Phase) -> str:
    newest = list(phase.states.items())[-_REPEATED_STATES:]
    return "; ".join(f"{printable(subject)} {printable(text)}" for subject, text in newest)


def _escape(text: str) -> str:
    """As GitHub's toolkit escapes the data of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
