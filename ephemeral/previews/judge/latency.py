"""Is the candidate slower than the baseline, at one quantile?"""

from bisect import insort
from collections import deque
from math import ceil, inf, log

from ephemeral.previews.judge.checks import LatencyCheck
from ephemeral.previews.judge.odds import Odds
from ephemeral.previews.judge.search import first_true, times_as_many
from ephemeral.previews.judge.verdict import Outcome, Row
from ephemeral.previews.judge.words import duration, more, quantile, span, times
from ephemeral.previews.observations import Request

#: The line between fast and slow follows the baseline: drawn anew every so many of its answers, from the last of them.
REFRESH, WINDOW = 100, 1000
_WIDEST = 1000.0


def answers_before_line(wanted: float) -> int:
    """Say how many answers of the baseline the first line is drawn from: five beyond the quantile, at least 30."""
    return max(30, ceil(5 / min(wanted, 1 - wanted)))


class Latencies:
    """Calls an answer slow if it takes longer than the baseline's quantile did so far, and asks whose slow answers are.

    Fails when they come from the candidate more than its share and its quantile is beyond what is tolerated. Passes
    when the candidate is beyond the *tolerated* line less often than the baseline is beyond the line itself.
    """

    compares = True

    def __init__(self, check: LatencyCheck, *, alpha: float, pass_alpha: float) -> None:
        self._check = check
        self._alpha = alpha
        self._enough, self._enough_to_pass = -log(alpha), -log(pass_alpha)
        self._sorted: dict[str, list[float]] = {"baseline": [], "candidate": []}
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._line: float | None = None
        self._slow = Odds()
        self._too_slow = Odds()
        self._compared: list[tuple[float, bool, float]] = []
        self._log_slower = self._log_fine = 0.0

    def add(self, request: Request) -> None:
        """Compare an answer with the line as it was drawn before; errors have no latency."""
        if request.failed or request.arm == "unknown":
            return
        candidate = request.arm == "candidate"
        if self._line is not None and request.share is not None:
            self._compare(request.share, request.latency, self._line, candidate=candidate)
        insort(self._sorted[request.arm], request.latency)
        if not candidate:
            self._recent.append(request.latency)
            self._draw_line()

    def outcome(self) -> Outcome:
        """Weigh the evidence."""
        if self._log_slower >= self._enough and self._beyond():
            return "fail"
        if self._sorted["candidate"] and self._log_fine >= self._enough_to_pass:
            return "pass"
        return "inconclusive"

    def row(self, outcome: Outcome) -> Row:
        """Give both quantiles, the factor between them, and the sentence."""
        baseline, candidate = self._observed("baseline"), self._observed("candidate")
        low, high = self._factors()
        needed = self._more_needed() if outcome == "inconclusive" else None
        return Row(
            check=self._check.name,
            outcome=outcome,
            sentence=self._sentence(outcome, baseline, candidate, (low, high), needed),
            alpha=self._alpha,
            baseline=baseline,
            candidate=candidate,
            effect=candidate / baseline if baseline and candidate is not None else None,
            low=low,
            high=None if high == inf else high,
            more_needed=needed,
        )

    def _compare(self, share: float, latency: float, line: float, *, candidate: bool) -> None:
        self._compared.append((share, candidate, latency / line))
        if latency > line:
            self._slow.add(share, yes=candidate)
            self._log_slower = self._slow.log_more()
        if latency > (self._check.tolerated(line) if candidate else line):
            self._too_slow.add(share, yes=candidate)
            self._log_fine = self._too_slow.log_less()

    def _draw_line(self) -> None:
        seen = len(self._sorted["baseline"])
        first = answers_before_line(self._check.quantile)
        if seen >= first and (seen - first) % REFRESH == 0:
            self._line = _at(sorted(self._recent), self._check.quantile)

    def _observed(self, arm: str) -> float | None:
        return _at(self._sorted[arm], self._check.quantile) if self._sorted[arm] else None

    def _beyond(self) -> bool:
        baseline, candidate = self._observed("baseline"), self._observed("candidate")
        return baseline is not None and candidate is not None and candidate > self._check.tolerated(baseline)

    def _factors(self) -> tuple[float, float]:
        """Bound by how many times the candidate's slow answers take longer, with confidence 1 - alpha on each side."""

        def not_slower(factor: float) -> bool:
            return self._slower_than(factor).log_more() < self._enough

        def faster(factor: float) -> bool:
            return self._slower_than(factor).log_less() >= self._enough

        low = first_true(not_slower, 1 / _WIDEST, _WIDEST)
        high = first_true(faster, 1 / _WIDEST, _WIDEST)
        return 0.0 if low is None or low <= 1 / _WIDEST else low, inf if high is None else high

    def _slower_than(self, factor: float) -> Odds:
        odds = Odds()
        for share, candidate, latency in self._compared:
            if latency > (factor if candidate else 1.0):
                odds.add(share, yes=candidate)
        return odds

    def _more_needed(self) -> int | None:
        if self._line is None:
            return 2 * (answers_before_line(self._check.quantile) - len(self._sorted["baseline"]))
        if not self._compared:
            return None

        def surplus(scale: float) -> float:
            passing = self._too_slow.log_less(scale=scale) - self._enough_to_pass
            failing = self._slow.log_more(scale=scale) - self._enough
            return max(passing, failing) if self._beyond() else passing

        scale = times_as_many(surplus, 0.0)
        return None if scale is None else max(1, round((scale - 1) * len(self._compared)))

    def _sentence(
        self,
        outcome: Outcome,
        baseline: float | None,
        candidate: float | None,
        factors: tuple[float, float],
        needed: int | None,
    ) -> str:
        if baseline is None or candidate is None:
            return f"no answer without error from the {'baseline' if baseline is None else 'candidate'}"
        name = quantile(self._check.quantile)
        seen = f"{name} is {duration(candidate)} at the candidate and {duration(baseline)} at the baseline"
        if outcome != "inconclusive":
            return f"{seen}: {times(candidate / baseline)} ({span(*factors)})"
        allowed = f"{duration(self._check.tolerated(baseline))} allowed"
        if self._line is None:
            return f"{seen}; {allowed}; too few answers to compare, at least {needed} more requests are needed"
        return f"{seen}; {allowed}; {span(*factors)}; {more(needed)}"


def _at(ordered: list[float], wanted: float) -> float:
    return ordered[max(0, ceil(wanted * len(ordered)) - 1)]
