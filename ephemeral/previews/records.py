"""What a preview leaves on this machine: every request of its load, and the verdict."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ephemeral.previews.judge import Verdict
from ephemeral.previews.observations import Request, read_requests, to_line

REQUESTS = "requests.jsonl"
VERDICT = "verdict.json"


class Records:
    """Writes them; without a directory, nothing."""

    def __init__(self, folder: Path | None, lines: TextIO | None) -> None:
        self._folder, self._lines = folder, lines

    @classmethod
    @contextmanager
    def kept(cls, folder: Path | None, *, fresh: bool) -> "Iterator[Records]":
        """Keep them in ``folder``; with ``fresh``, those of an earlier preview are written over."""
        if folder is None:
            yield cls(None, None)
            return
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            (folder / VERDICT).unlink(missing_ok=True)
        with (folder / REQUESTS).open("w" if fresh else "a", encoding="utf-8") as lines:
            yield cls(folder, lines)

    def earlier(self) -> list[Request]:
        """What was kept before."""
        return list(read_requests(self._folder / REQUESTS)) if self._folder else []

    def add(self, request: Request) -> None:
        """Keep one request."""
        if self._lines:
            self._lines.write(to_line(request))

    def conclude(self, verdict: Verdict) -> None:
        """Keep the verdict."""
        if self._folder:
            (self._folder / VERDICT).write_text(json.dumps(verdict.to_json(), indent=2) + "\n", encoding="utf-8")
