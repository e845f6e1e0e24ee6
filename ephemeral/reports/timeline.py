"""How long each phase and each workload took: recorded while it is shown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from ephemeral.progress import Progress, Readiness


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A step of the story; ``begin`` and ``seconds`` are seconds, the first since the timeline's start."""

    title: str
    begin: float
    seconds: float
    failed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What was waited for and its last state; ``seconds`` passed from the first look until that state was seen."""

    title: str
    text: str
    readiness: Readiness
    begin: float
    seconds: float


class Timeline:
    """Records phases and workloads, and hands everything on to another Progress."""

    def __init__(self, shown: Progress) -> None:
        self.phases: list[Phase] = []
        self.workloads: dict[str, Workload] = {}
        self.started_at = datetime.now(UTC)
        self._shown = shown
        self._zero = time.monotonic()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """A timeline that shows through ``progress``, which may be one already."""
        return progress if isinstance(progress, cls) else cls(progress)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Record how long the body takes and whether it fails."""
        begin = self._now()
        failed = True
        try:
            with self._shown.phase(title):
                yield
            failed = False
        finally:
            seconds = self._now() - begin
            with self._lock:
                phase = Phase(title=title, begin=round(begin, 3), seconds=round(seconds, 3), failed=failed)
                self.phases.append(phase)

    def note(self, text: str) -> None:
        """Hand the line on."""
        self._shown.note(text)

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """Record the state of a workload, and hand every state on."""
        if readiness:
            with self._lock:
                self._record(subject, text, readiness)
        self._shown.state(subject, text, readiness=readiness)

    def to_json(self) -> dict[str, Any]:
        """When it started (RFC 3339), the phases in the order in which they ended, and the workloads."""
        return {
            "started-at": self.started_at.isoformat(timespec="milliseconds"),
            "phases": [asdict(phase) for phase in self.phases],
            "workloads": [asdict(workload) for workload in self.workloads.values()],
        }

    def _record(self, title: str, text: str, readiness: Readiness) -> None:
        now = round(self._now(), 3)
        before = self.workloads.get(title)
        goes_on = before is not None and before.readiness == "pending"  # else another deployment begins
        begin = before.begin if before and goes_on else now
        self.workloads[title] = Workload(
            title=title, text=text, readiness=readiness, begin=begin, seconds=round(now - begin, 3)
        )

    def _now(self) -> float:
        return time.monotonic() - self._zero
