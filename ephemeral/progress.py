"""How long work tells what it does: a seam between the library, which reports, and whoever shows or records it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol

#: How far something is that is waited for; `failed` says that waiting longer is useless.
Readiness = Literal["pending", "ready", "failed"]


class Progress(Protocol):
    """Receives what happens. Calls may come from several threads."""

    def phase(self, title: str) -> AbstractContextManager[None]:
        """A step of the story, open while its body runs; an exception marks it failed."""
        ...

    def note(self, text: str) -> None:
        """One line worth showing inside the current phase."""
        ...

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """The newest state of ``subject`` (``Deployment web`` -> ``1/2 ready``); replaces the one before.

        ``readiness`` is given for workloads, whose end is worth recording.
        """
        ...


class Silent:
    """Shows nothing: the library's default."""

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Open a phase that nobody sees."""
        yield

    def note(self, text: str) -> None:
        """Drop the line."""

    def state(self, subject: str, text: str, *, readiness: Readiness | None = None) -> None:
        """Drop the state."""
