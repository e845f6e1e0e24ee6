"""Progress as lines: for logs, files and CI."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

#: So long may nothing be printed; then the newest state is repeated, so that nobody wonders whether it hangs.
_SILENCE_SECONDS = 10.0


class Lines:
    """One line for everything that changes, with the seconds since the start (implements Progress)."""

    def __init__(self, stream: TextIO, *, silence: float = _SILENCE_SECONDS) -> None:
        self._stream = stream
        self._silence = silence
        self._begin = time.monotonic()
        self._last_line = self._begin
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Print its begin and its end; repeat the newest states should it fall silent."""
        begin = time.monotonic()
        self._states.clear()
        self.opened(title)
        done = threading.Event()
        reminder = threading.Thread(target=self._remind, args=(title, done), daemon=True)
        reminder.start()
        outcome = "failed"
        try:
            yield
            outcome = "done"
        finally:
            done.set()
            self.closed(title, outcome, time.monotonic() - begin)

    def opened(self, title: str) -> None:
        """A phase begins: nothing to print until something happens."""

    def closed(self, title: str, outcome: str, seconds: float) -> None:
        """A phase has ended."""
        self._print(f"{title}: {outcome} in {seconds:.1f} s")

    def note(self, text: str) -> None:
        """Print one line."""
        self._print(text)

    def state(self, subject: str, text: str) -> None:
        """Print the state of a subject when it is new."""
        with self._lock:
            if self._states.get(subject) == text:
                return
            self._states[subject] = text
        self._print(f"  {subject}: {text}")

    def write(self, line: str) -> None:
        """Write a line; a reader that went away does not matter to the work."""
        with suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        for line in text.splitlines():
            self.write(f"[{self._last_line - self._begin:6.1f}s] {line}")

    def _remind(self, title: str, done: threading.Event) -> None:
        while not done.wait(max(0.1, self._last_line + self._silence - time.monotonic())):
            if time.monotonic() - self._last_line >= self._silence:
                with self._lock:
                    states = "; ".join(f"{subject} {text}" for subject, text in list(self._states.items())[-3:])
                self._print(f"{title}: still waiting{': ' if states else ''}{states}")


class GitHubLines(Lines):
    """The same, each phase a group; what others wrote can't become a workflow command."""

    def opened(self, title: str) -> None:
        """Open a group."""
        super().write(f"::group::{_escape(title)}")

    def closed(self, title: str, outcome: str, seconds: float) -> None:
        """End the group with its outcome on the outside."""
        super().write("::endgroup::")
        super().closed(title, outcome, seconds)

    def write(self, line: str) -> None:
        """Write a line that GitHub takes as text.

        `::command::` counts only at a line's start, where ours have `[`; the older `##[command]` counts anywhere.
        """
        super().write(line.replace("##[", "# #["))


def _escape(text: str) -> str:
    """As GitHub's toolkit escapes the data of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
