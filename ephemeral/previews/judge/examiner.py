"""The seam between the judge and its checks."""

from typing import Protocol

from ephemeral.previews.judge.verdict import Outcome, Row
from ephemeral.previews.observations import Request


class Examiner(Protocol):
    """Watches one check. ``compares``: whether it goes by how requests are split between the arms."""

    compares: bool

    def add(self, request: Request) -> None:
        """Take one request into account."""
        ...

    def outcome(self) -> Outcome:
        """Say what the evidence shows at this moment; asked after every request."""
        ...

    def row(self, outcome: Outcome) -> Row:
        """Say in numbers and words what is known, given that this was the outcome."""
        ...
