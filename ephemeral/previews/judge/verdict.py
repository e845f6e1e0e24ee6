"""What the judge says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from ephemeral.previews.observations import Arm

Outcome = Literal["pass", "fail", "inconclusive"]
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "inconclusive": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One check's part of the verdict, in numbers and in a plain sentence.

    ``baseline`` and ``candidate`` are what was observed (error rates in 0..1, latencies in seconds; None: nothing
    yet). ``effect`` is candidate over baseline with bounds ``low`` and ``high``, each of which holds with confidence
    1 - ``alpha`` however often one looks (None: open on that side). ``more_needed`` is how many further requests would
    decide it if things stay as they look (None: decided, or no number would).
    ``decided_at`` (Unix seconds) and ``decided_after`` (requests) say when it was decided, None while it is not.
    """

    check: str
    outcome: Outcome
    sentence: str
    alpha: float
    baseline: float | None = None
    candidate: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    more_needed: int | None = None
    decided_at: float | None = None
    decided_after: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The outcome over all checks; ``requests`` counts per arm, ``alpha`` bounds false alarms of all checks together.

    ``more_needed``, ``decided_at`` and ``decided_after`` are as in a row.
    """

    outcome: Outcome
    sentence: str
    alpha: float
    rows: tuple[Row, ...] = ()
    requests: Mapping[Arm, int]
    more_needed: int | None = None
    decided_at: float | None = None
    decided_after: int | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return EXIT_CODES[self.outcome]

    def to_json(self) -> dict[str, Any]:
        """Plain values with the fields' names."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` gave. Raises TypeError for fields that are missing or unknown."""
        return cls(**{**values, "rows": tuple(Row(**row) for row in values["rows"])})
