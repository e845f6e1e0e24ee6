"""One verdict out of all checks, after every request."""

from collections.abc import Sequence
from dataclasses import replace

from ephemeral.previews.judge.checks import Check, ErrorRateCheck, LatencyCheck
from ephemeral.previews.judge.error_rate import ErrorRates
from ephemeral.previews.judge.examiner import Examiner
from ephemeral.previews.judge.latency import Latencies
from ephemeral.previews.judge.split import Split
from ephemeral.previews.judge.threshold import Limit
from ephemeral.previews.judge.verdict import Outcome, Row, Verdict
from ephemeral.previews.observations import ARMS, Request


class Judge:
    """Takes requests one by one and may be asked at any time.

    ``alpha`` bounds the chance that any check ever fails a candidate that is no worse (each check has its equal part),
    and the chance that a candidate worse than a margin passes. ``warm_up`` requests of each arm are not judged.
    """

    def __init__(self, checks: Sequence[Check], *, alpha: float = 0.05, warm_up: int = 0) -> None:
        self._alpha = alpha
        self._warm_up = dict.fromkeys(ARMS, warm_up)
        self._requests = dict.fromkeys(ARMS, 0)
        part = alpha / max(1, len(checks))
        self._examiners = [_examiner(check, alpha=part, pass_alpha=alpha) for check in checks]
        self._decided_rows: list[Row | None] = [None] * len(checks)
        self._split = Split()
        self._final: Verdict | None = None

    def add(self, request: Request) -> None:
        """Take one request into account; once decided, the verdict stands."""
        if self._final:
            return
        self._requests[request.arm] += 1
        if self._requests[request.arm] <= self._warm_up[request.arm]:
            return
        self._split.add(request)
        for examiner in self._examiners:
            examiner.add(request)
        if self._look(request):
            self._final = self._sum_up()

    @property
    def decided(self) -> bool:
        """Whether more requests can't change the verdict: it is time to stop the load."""
        return self._final is not None

    def verdict(self) -> Verdict:
        """Say what is known by now."""
        return self._final or self._sum_up()

    def _look(self, request: Request) -> bool:
        """Note what this request decided; return whether that decides all."""
        for index, examiner in enumerate(self._examiners):
            before = self._decided_rows[index]
            outcome = examiner.outcome()
            if outcome == "inconclusive" or (before and before.outcome == outcome):
                continue
            if examiner.compares and self._split.complaint():
                continue
            self._decided_rows[index] = replace(
                examiner.row(outcome),
                decided_at=request.started + request.latency,
                decided_after=sum(self._requests.values()),
            )
        outcomes = [row.outcome if row else "inconclusive" for row in self._decided_rows]
        return "fail" in outcomes or (bool(outcomes) and "inconclusive" not in outcomes)

    def _sum_up(self) -> Verdict:
        rows = tuple(
            decided or self._undecided(examiner)
            for decided, examiner in zip(self._decided_rows, self._examiners, strict=True)
        )
        outcome = _overall([row.outcome for row in rows])
        deciding = [row for row in rows if row.outcome == outcome]
        open_rows = [row.more_needed for row in rows if row.outcome == "inconclusive"]
        needed = [number for number in open_rows if number is not None]
        last = max((row for row in deciding if row.decided_after), key=lambda row: row.decided_after or 0, default=None)
        return Verdict(
            outcome=outcome,
            sentence=_sentence(deciding, sum(self._requests.values())),
            alpha=self._alpha,
            rows=rows,
            requests=dict(self._requests),
            more_needed=max(needed) if needed and len(needed) == len(open_rows) else None,
            decided_at=last.decided_at if last else None,
            decided_after=last.decided_after if last else None,
        )

    def _undecided(self, examiner: Examiner) -> Row:
        row = examiner.row("inconclusive")
        complaint = self._split.complaint() if examiner.compares else None
        return replace(row, sentence=complaint, more_needed=None) if complaint else row


def _examiner(check: Check, *, alpha: float, pass_alpha: float) -> Examiner:
    if isinstance(check, ErrorRateCheck):
        return ErrorRates(check, alpha=alpha, pass_alpha=pass_alpha)
    if isinstance(check, LatencyCheck):
        return Latencies(check, alpha=alpha, pass_alpha=pass_alpha)
    return Limit(check, alpha=alpha, pass_alpha=pass_alpha)


def _overall(outcomes: list[Outcome]) -> Outcome:
    if "fail" in outcomes:
        return "fail"
    return "pass" if outcomes and "inconclusive" not in outcomes else "inconclusive"


def _sentence(deciding: list[Row], requests: int) -> str:
    if not deciding:
        return "no check was asked for"
    if not requests:
        return "no traffic: not one request was sent"
    return "; ".join(f"{row.check}: {row.sentence}" for row in deciding) + f" (after {requests:,} requests)"
