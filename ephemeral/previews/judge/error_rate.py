"""Does the candidate fail more often than the baseline?"""

from math import inf, log

from ephemeral.previews.judge.checks import ErrorRateCheck
from ephemeral.previews.judge.margin import Margin
from ephemeral.previews.judge.odds import Odds
from ephemeral.previews.judge.search import times_as_many
from ephemeral.previews.judge.verdict import Outcome, Row
from ephemeral.previews.judge.words import more, percent, points, span
from ephemeral.previews.observations import Request

#: Above this error rate an arm is broken, and being no worse than a broken baseline is no reason to pass.
BROKEN = 0.5


class ErrorRates:
    """Fails when errors come from the candidate more than its share, and the rates are further apart than the margin.

    Passes when the difference is proven to be less than the margin. A failure of unknown arm speaks against passing.
    """

    compares = True

    def __init__(self, check: ErrorRateCheck, *, alpha: float, pass_alpha: float) -> None:
        self._check = check
        self._alpha, self._pass_alpha = alpha, pass_alpha
        self._enough, self._enough_to_pass = -log(alpha), -log(pass_alpha)
        self._requests = {"baseline": 0, "candidate": 0, "unknown": 0}
        self._failures = {"baseline": 0, "candidate": 0, "unknown": 0}
        self._errors = Odds()
        self._margin = Margin()

    def add(self, request: Request) -> None:
        """Count the request; without a known share it shows in the rates only."""
        self._requests[request.arm] += 1
        self._failures[request.arm] += request.failed
        if request.share is None or (request.arm == "unknown" and not request.failed):
            return
        self._margin.add(request.share, candidate=request.arm != "baseline", failed=request.failed)
        if request.failed and request.arm != "unknown":
            self._errors.add(request.share, yes=request.arm == "candidate")

    def outcome(self) -> Outcome:
        """Weigh the evidence."""
        if self._beyond() and self._errors.log_more() >= self._enough:
            return "fail"
        if self._both_seen() and self._margin.log_within(self._check.max_increase) >= self._enough_to_pass:
            return "inconclusive" if self._both_broken() else "pass"
        return "inconclusive"

    def row(self, outcome: Outcome) -> Row:
        """Give the rates, by how many times they differ, and the sentence."""
        baseline, candidate = self._rate("baseline"), self._rate("candidate")
        low, high = self._errors.low(self._alpha), self._errors.high(self._alpha)
        needed = self._more_needed() if outcome == "inconclusive" else None
        return Row(
            check=self._check.name,
            outcome=outcome,
            sentence=self._sentence(outcome, baseline, candidate, needed),
            alpha=self._alpha,
            baseline=baseline,
            candidate=candidate,
            effect=candidate / baseline if baseline and candidate is not None else None,
            low=low,
            high=None if high == inf else high,
            more_needed=needed,
        )

    def _rate(self, arm: str) -> float | None:
        return self._failures[arm] / self._requests[arm] if self._requests[arm] else None

    def _both_seen(self) -> bool:
        return bool(self._requests["baseline"] and self._requests["candidate"])

    def _both_broken(self) -> bool:
        return all((self._rate(arm) or 0) >= BROKEN for arm in ("baseline", "candidate"))

    def _beyond(self) -> bool:
        baseline, candidate = self._rate("baseline"), self._rate("candidate")
        return baseline is not None and candidate is not None and candidate - baseline > self._check.max_increase

    def _more_needed(self) -> int | None:
        if not self._both_seen() or self._both_broken():
            return None

        def surplus(scale: float) -> float:
            passing = self._margin.log_within(self._check.max_increase, scale=scale) - self._enough_to_pass
            failing = self._errors.log_more(scale=scale) - self._enough
            return max(passing, failing) if self._beyond() else passing

        scale = times_as_many(surplus, 0.0)
        requests = self._requests["baseline"] + self._requests["candidate"]
        return None if scale is None else max(1, round((scale - 1) * requests))

    def _sentence(self, outcome: Outcome, baseline: float | None, candidate: float | None, needed: int | None) -> str:
        if baseline is None or candidate is None:
            return f"no request reached the {'baseline' if baseline is None else 'candidate'}{self._unknown()}"
        rates = f"{percent(candidate)} of the candidate's requests failed, {percent(baseline)} of the baseline's"
        if outcome == "fail":
            return f"{rates}: {span(self._errors.low(self._alpha), self._errors.high(self._alpha))} as many"
        if outcome == "pass":
            return f"{rates}: at most {points(self._margin.high(self._pass_alpha))} more"
        if self._both_broken():
            return f"both are broken: {rates}"
        allowed = f"up to {points(self._margin.high(self._pass_alpha))} more are possible"
        return f"{rates}; {allowed}, {points(self._check.max_increase)} allowed{self._unknown()}; {more(needed)}"

    def _unknown(self) -> str:
        unknown = self._requests["unknown"]
        return f" ({unknown} requests ended without a sign of whose they were)" if unknown else ""
