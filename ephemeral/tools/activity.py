"""Saying once a second what is done for a program, and for how long: a build is silent for minutes."""

import threading
import time
from types import TracebackType

from ephemeral.progress import Progress

_TICK_SECONDS = 1.0


class Activity:
    """While open, reports ``subject``'s newest ``doing`` with the time it has taken."""

    def __init__(self, progress: Progress, subject: str) -> None:
        self._progress = progress
        self._subject = subject
        self._doing = ""
        self._since = time.monotonic()
        self._end = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Activity":
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end.set()
        self._ticker.join()

    def start(self, doing: str) -> None:
        """Something new begins; it is reported at once."""
        self._doing, self._since = doing, time.monotonic()
        self._progress.state(self._subject, doing)

    def update(self, doing: str) -> None:
        """The same goes on; the next tick tells how far it is."""
        self._doing = doing

    def note(self, text: str) -> None:
        """Report one line about the subject."""
        self._progress.note(f"{self._subject}: {text}")

    def _tick(self) -> None:
        while not self._end.wait(_TICK_SECONDS):
            if self._doing:
                self._progress.state(self._subject, f"{self._doing}, {_spell(time.monotonic() - self._since)}")


def _spell(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
