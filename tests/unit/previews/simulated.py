"""Thousands of previews at once: the judge's evidence after every request, by numpy.

What is computed here is the product's own arithmetic over arrays (its bets and stakes are imported), and
test_simulation.py feeds a sample of the same runs to the real judge and compares each decision and its moment.
"""

from bisect import insort
from dataclasses import dataclass
from math import ceil, log

import numpy as np

from ephemeral.previews.judge import ErrorRateCheck, Judge, LatencyCheck
from ephemeral.previews.judge.latency import REFRESH, WINDOW, answers_before_line
from ephemeral.previews.judge.margin import STAKES
from ephemeral.previews.judge.odds import BETS
from ephemeral.previews.observations import Request

NEVER = np.iinfo(np.int64).max
_CLIP = 100.0  # logarithms; far above what decides


@dataclass
class Runs:
    """Runs (rows) of requests (columns): who answered, whether it failed, how long it took; the share per column."""

    candidate: np.ndarray
    failed: np.ndarray
    latency: np.ndarray
    share: np.ndarray

    def requests(self, run: int) -> list[Request]:
        return [
            Request(
                arm="candidate" if candidate else "baseline",
                started=float(index),
                latency=float(latency),
                status=503 if failed else 200,
                share=float(share),
            )
            for index, (candidate, failed, latency, share) in enumerate(
                zip(self.candidate[run], self.failed[run], self.latency[run], self.share, strict=True)
            )
        ]


@dataclass
class Decisions:
    """After which request (from 1; NEVER) each run first crossed: worse at all, worse enough to fail, and pass."""

    worse: np.ndarray
    fail: np.ndarray
    passed: np.ndarray

    def failing(self, within: int | None = None) -> float:
        """The part of the runs whose verdict is fail, within so many requests."""
        return float(np.mean((self.fail < self.passed) & (self.fail <= (within or NEVER - 1))))

    def passing(self, within: int | None = None) -> float:
        return float(np.mean((self.passed < self.fail) & (self.passed <= (within or NEVER - 1))))

    def crossing(self) -> float:
        """The part in which the evidence ever crossed, pass or no pass, small or large."""
        return float(np.mean(self.worse < NEVER))

    def after(self, part: float) -> int:
        """The number of requests after which this part of the runs was decided."""
        return int(np.quantile(np.minimum(self.fail, self.passed), part, method="higher"))


def error_rates(runs: Runs, check: ErrorRateCheck, *, alpha: float, pass_alpha: float) -> Decisions:
    failed, candidate = runs.failed, runs.candidate
    stakes = _mean_exp(_stake(runs, part, check.max_increase) for part in STAKES)
    candidates, baselines = np.cumsum(candidate, axis=1), np.cumsum(~candidate, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = np.cumsum(failed & ~candidate, axis=1) / baselines
        beyond = np.cumsum(failed & candidate, axis=1) / candidates - theirs > check.max_increase
    worse = _error_evidence(runs) >= 1 / alpha
    fine = (stakes >= 1 / pass_alpha) & (candidates > 0) & (baselines > 0)
    return Decisions(_first(worse), _first(worse & beyond), _first(fine))


def _error_evidence(runs: Runs) -> np.ndarray:
    """The evidence changes at errors only, which are few: compute there, and spread it over the requests between."""
    number = np.cumsum(runs.failed, axis=1)
    errors = np.argsort(~runs.failed, axis=1, kind="stable")[:, : number[:, -1].max()]
    ours, share = np.take_along_axis(runs.candidate, errors, axis=1), runs.share[errors]
    evidence = _mean_exp(np.cumsum(ours * log(bet) - np.log(share * bet + 1 - share), axis=1) for bet in BETS)
    before = np.ones((len(evidence), 1))
    return np.take_along_axis(np.concatenate([before, evidence], axis=1), number, axis=1)


def latencies(runs: Runs, check: LatencyCheck, *, alpha: float, pass_alpha: float) -> Decisions:
    decided = [_latency_run(runs, run, check, alpha, pass_alpha) for run in range(len(runs.candidate))]
    return Decisions(*(np.array(column) for column in zip(*decided, strict=True)))


def real_decision(runs: Runs, run: int, check: ErrorRateCheck | LatencyCheck, alpha: float) -> tuple[str, int]:
    """What the product says, and after how many requests."""
    judge = Judge([check], alpha=alpha)
    for request in runs.requests(run):
        judge.add(request)
        if judge.decided:
            break
    verdict = judge.verdict()
    return verdict.outcome, verdict.decided_after or NEVER


def _mean_exp(logs: object) -> np.ndarray:
    each = [np.exp(np.minimum(one, _CLIP)) for one in logs]
    return sum(each) / len(each)


def _first(condition: np.ndarray) -> np.ndarray:
    return np.where(condition.any(axis=-1), condition.argmax(axis=-1) + 1, NEVER)


def _stake(runs: Runs, part: float, margin: float) -> np.ndarray:
    bet = part / (1 / runs.share - margin)
    of_arm = np.where(runs.candidate, np.log1p(-part), np.log1p(bet * (margin + 1 / (1 - runs.share))))
    return np.cumsum(np.where(runs.failed, of_arm, np.log1p(bet * margin)), axis=1)


def _latency_run(runs: Runs, run: int, check: LatencyCheck, alpha: float, pass_alpha: float) -> tuple[int, int, int]:
    candidate, latency, share = runs.candidate[run], runs.latency[run], runs.share
    line = np.full(len(latency), np.inf)
    places = np.flatnonzero(~candidate)
    for seen in range(answers_before_line(check.quantile), len(places) + 1, REFRESH):
        recent = np.sort(latency[places[max(0, seen - WINDOW) : seen]])
        line[places[seen - 1] + 1 :] = recent[ceil(check.quantile * len(recent)) - 1]
    tolerated = np.where(candidate, np.maximum(line * check.max_ratio, line + check.slack), line)
    slow = np.flatnonzero(latency > line)
    worse = slow[_crossed(candidate[slow], share[slow], BETS, alpha)]
    too_slow = np.flatnonzero(latency > tolerated)
    fine = too_slow[_crossed(candidate[too_slow], share[too_slow], [1 / bet for bet in BETS], pass_alpha)]
    # The evidence stays as it is until the next slow answer, while the observed quantiles move on with each request.
    return (
        int(worse[0]) + 1 if len(worse) else NEVER,
        _first_beyond(candidate, latency, check, slow, worse),
        int(fine[0]) + 1 if len(fine) else NEVER,
    )


def _crossed(candidate: np.ndarray, share: np.ndarray, bets: list[float], alpha: float) -> np.ndarray:
    logs = (np.cumsum(candidate * log(bet) - np.log(share * bet + 1 - share)) for bet in bets)
    return np.flatnonzero(_mean_exp(logs) >= 1 / alpha)


def _first_beyond(
    candidate: np.ndarray, latency: np.ndarray, check: LatencyCheck, slow: np.ndarray, worse: np.ndarray
) -> int:
    for crossed in worse:
        later = slow[slow > crossed]
        ours = sorted(latency[: crossed + 1][candidate[: crossed + 1]].tolist())
        theirs = sorted(latency[: crossed + 1][~candidate[: crossed + 1]].tolist())
        for last in range(crossed, later[0] if len(later) else len(latency)):
            if last > crossed:
                insort(ours if candidate[last] else theirs, float(latency[last]))
            if ours and theirs and _quantile(ours, check) > check.tolerated(_quantile(theirs, check)):
                return int(last) + 1
    return NEVER


def _quantile(ordered: list[float], check: LatencyCheck) -> float:
    return ordered[max(0, ceil(check.quantile * len(ordered)) - 1)]
