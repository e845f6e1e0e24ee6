"""One verdict out of all checks, after every request."""

from collections.abc import Sequence

from ephemeral.previews.judge.checks import Check
from ephemeral.previews.judge.verdict import Verdict
from ephemeral.previews.observations import Request


class Judge:
    """Takes requests one by one and may be asked at any time.

    ``alpha`` bounds the chance that any check ever fails a candidate that is no worse, and the chance that a candidate
    worse than the margins passes. ``warm_up`` requests of each arm are not judged.
    """

    def __init__(self, checks: Sequence[Check], *, alpha: float = 0.05, warm_up: int = 0) -> None:
        raise NotImplementedError

    def add(self, request: Request) -> None:
        """Take one request into account."""
        raise NotImplementedError

    @property
    def decided(self) -> bool:
        """Whether more requests can't change the verdict: it is time to stop the load."""
        raise NotImplementedError

    def verdict(self) -> Verdict:
        """Say what is known by now."""
        raise NotImplementedError
