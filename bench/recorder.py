"""When things happened: a Progress that remembers every phase's begin and every note."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ephemeral.progress import Readiness


class Recorder:
    """``events`` are moments (Unix seconds) and texts; a phase's text is its title."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str]] = []

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Remember when it began."""
        self.note(title)
        yield

    def note(self, text: str) -> None:
        """Remember it."""
        self.events.append((time.time(), text))

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """States are no moments."""

    def moment(self, begin: str, since: float) -> float:
        """When the first text after ``since`` came that begins so. Raises LookupError."""
        for moment, text in self.events:
            if moment >= since and text.startswith(begin):
                return moment
        raise LookupError(f"{begin}: {[text for moment, text in self.events if moment >= since]}")

    def before(self, moment: float) -> str:
        """The last text before a moment."""
        return next((text for at, text in reversed(self.events) if at <= moment), "")
