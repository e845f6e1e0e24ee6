"""Does the candidate keep an absolute limit?"""

from bisect import insort
from math import ceil, log

from ephemeral.previews.judge.checks import Threshold
from ephemeral.previews.judge.odds import Odds
from ephemeral.previews.judge.search import times_as_many
from ephemeral.previews.judge.verdict import Outcome, Row
from ephemeral.previews.judge.words import duration, more, percent, quantile
from ephemeral.previews.observations import Request


class Limit:
    """Each of the candidate's requests is a trial: it fails, or is too slow, as often as the limit allows at most.

    A failure of unknown arm speaks against passing, and for nothing else.
    """

    compares = False

    def __init__(self, check: Threshold, *, alpha: float, pass_alpha: float) -> None:
        self._check = check
        self._alpha = alpha
        self._enough, self._enough_to_pass = -log(alpha), -log(pass_alpha)
        self._allowed = check.maximum if check.metric == "error-rate" else 1 - check.quantile
        self._certain = Odds()
        self._at_worst = Odds()
        self._values: dict[str, list[float]] = {"baseline": [], "candidate": []}

    def add(self, request: Request) -> None:
        """Count the request, or the latency of an answer without error."""
        if self._check.metric == "latency" and request.failed:
            return
        value = float(request.failed) if self._check.metric == "error-rate" else request.latency
        bad = request.failed if self._check.metric == "error-rate" else value > self._check.maximum
        if request.arm != "unknown":
            insort(self._values[request.arm], value)
        if request.arm == "candidate":
            self._certain.add(self._allowed, yes=bad)
        if request.arm == "candidate" or (request.arm == "unknown" and bad):
            self._at_worst.add(self._allowed, yes=bad)

    def outcome(self) -> Outcome:
        """Weigh the evidence."""
        if self._certain.log_more() >= self._enough:
            return "fail"
        if self._values["candidate"] and self._at_worst.log_less() >= self._enough_to_pass:
            return "pass"
        return "inconclusive"

    def row(self, outcome: Outcome) -> Row:
        """Give what was observed of both arms and the sentence."""
        candidate = self._observed("candidate")
        needed = self._more_needed() if outcome == "inconclusive" else None
        return Row(
            check=self._check.name,
            outcome=outcome,
            sentence=self._sentence(outcome, candidate, needed),
            alpha=self._alpha,
            baseline=self._observed("baseline"),
            candidate=candidate,
            more_needed=needed,
        )

    def _observed(self, arm: str) -> float | None:
        values = self._values[arm]
        if not values:
            return None
        if self._check.metric == "error-rate":
            return sum(values) / len(values)
        return values[max(0, ceil(self._check.quantile * len(values)) - 1)]

    def _more_needed(self) -> int | None:
        candidates = len(self._values["candidate"])
        if not candidates:
            return None

        def surplus(scale: float) -> float:
            passing = self._at_worst.log_less(scale=scale) - self._enough_to_pass
            return max(passing, self._certain.log_more(scale=scale) - self._enough)

        scale = times_as_many(surplus, 0.0)
        requests = candidates + len(self._values["baseline"])
        return None if scale is None else max(1, round((scale - 1) * requests))

    def _sentence(self, outcome: Outcome, candidate: float | None, needed: int | None) -> str:
        if candidate is None:
            return "no request reached the candidate"
        if self._check.metric == "error-rate":
            seen, limit = f"{percent(candidate)} of its requests failed", percent(self._check.maximum)
        else:
            seen = f"its {quantile(self._check.quantile)} is {duration(candidate)}"
            limit = duration(self._check.maximum)
        if outcome == "inconclusive":
            return f"{seen}; the limit is {limit}; {more(needed)}"
        return f"{seen}, which is proven to be {'above' if outcome == 'fail' else 'below'} the limit of {limit}"
