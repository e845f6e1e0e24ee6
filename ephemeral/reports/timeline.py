"""How long each phase took: recorded while it is shown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ephemeral.progress import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A step of the story; ``begin`` and ``seconds`` are seconds, the first since the timeline's start."""

    title: str
    begin: float
    seconds: float
    failed: bool


class Timeline:
    """Records phases and hands everything on to another Progress."""

    def __init__(self, shown: Progress) -> None:
        self.phases: list[Phase] = []
        self.started_at = datetime.now(UTC)
        self._shown = shown
        self._zero = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Record how long the body takes and whether it fails."""
        begin = time.monotonic()
        failed = True
        try:
            with self._shown.phase(title):
                yield
            failed = False
        finally:
            seconds = time.monotonic() - begin
            with self._lock:
                phase = Phase(title=title, begin=round(begin - self._zero, 3), seconds=round(seconds, 3), failed=failed)
                self.phases.append(phase)

    def note(self, text: str) -> None:
        """Hand the line on."""
        self._shown.note(text)

    def state(self, subject: str, text: str) -> None:
        """Hand the state on."""
        self._shown.state(subject, text)

    def to_json(self) -> dict[str, Any]:
        """When it started (RFC 3339) and the phases in the order in which they ended."""
        return {
            "started-at": self.started_at.isoformat(timespec="milliseconds"),
            "phases": [asdict(phase) for phase in self.phases],
        }
