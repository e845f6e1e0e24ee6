"""Thousands of previews at once: the judge's evidence after every request, by numpy.

What is computed here is the product's own arithmetic over arrays (its bets and stakes are imported), and
test_simulation.py feeds a sample of the same runs to the real judge and compares each decision and its moment.
"""

from bisect import insort
from collections.abc import Sequence
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
    candidates, baselines = np.cumsum(candidate, axis=1), np.cumsum(~candidate, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = np.cumsum(failed & ~candidate, axis=1) / baselines
        beyond = np.cumsum(failed & candidate, axis=1) / candidates - theirs > check.max_increase
    worse = _evidence(runs, failed, BETS) >= 1 / alpha
    fine = (_stakes(runs, check.max_increase) >= 1 / pass_alpha) & (candidates > 0) & (baselines > 0)
    return Decisions(_first(worse), _first(worse & beyond), _first(fine))


def latencies(runs: Runs, check: LatencyCheck, *, alpha: float, pass_alpha: float) -> Decisions:
    line = _lines(runs, check)
    tolerated = np.where(runs.candidate, np.maximum(line * check.max_ratio, line + check.slack), line)
    worse = _evidence(runs, runs.latency > line, BETS) >= 1 / alpha
    fine = _evidence(runs, runs.latency > tolerated, [1 / bet for bet in BETS]) >= 1 / pass_alpha
    fail = [_first_beyond(runs, run, check, worse[run]) if worse[run].any() else NEVER for run in range(len(worse))]
    return Decisions(_first(worse), np.array(fail), _first(fine))


def real_decision(runs: Runs, run: int, check: ErrorRateCheck | LatencyCheck, alpha: float) -> tuple[str, int]:
    """What the product says, and after how many requests."""
    judge = Judge([check], alpha=alpha)
    for request in runs.requests(run):
        judge.add(request)
        if judge.decided:
            break
    verdict = judge.verdict()
    return verdict.outcome, verdict.decided_after or NEVER


def _first(condition: np.ndarray) -> np.ndarray:
    return np.where(condition.any(axis=1), condition.argmax(axis=1) + 1, NEVER)


def _evidence(runs: Runs, marked: np.ndarray, bets: Sequence[float]) -> np.ndarray:
    """Whose the marked requests are. They are few: reckon with them alone, then spread it over the requests between."""
    number = np.cumsum(marked, axis=1)
    places = np.nonzero(marked)
    ours, share = runs.candidate[places], runs.share[places[1]]
    logs = np.zeros((len(marked), number.max() + 1))
    total = np.zeros(logs.shape)
    for bet in bets:
        logs[places[0], number[places]] = ours * log(bet) - np.log(share * bet + 1 - share)
        total += np.exp(np.minimum(np.cumsum(logs, axis=1), _CLIP))
    return np.take(total / len(bets), _spread(number))


def _spread(number: np.ndarray) -> np.ndarray:
    """Where in a flattened table of one column a number, from none on, each request finds its own."""
    return number + (number.max() + 1) * np.arange(len(number))[:, None]


def _stakes(runs: Runs, margin: float) -> np.ndarray:
    """What is staked on less than the margin: each request moves it alike, but for the few that failed."""
    number = np.cumsum(runs.failed, axis=1)
    places = np.nonzero(runs.failed)
    ours = runs.candidate[places]
    logs = np.zeros((len(number), number.max() + 1))
    total, spread, columns = np.zeros(number.shape), _spread(number), places[1]
    for part in STAKES:
        bet = part / (1 / runs.share - margin)
        fine, of_baseline = np.log1p(bet * margin), np.log1p(bet * (margin + 1 / (1 - runs.share)))
        logs[places[0], number[places]] = np.where(ours, np.log1p(-part), of_baseline[columns]) - fine[columns]
        total += np.exp(np.cumsum(fine)) * np.take(np.exp(np.cumsum(logs, axis=1)), spread)
    return total / len(STAKES)


def _lines(runs: Runs, check: LatencyCheck) -> np.ndarray:
    """Between fast and slow, as drawn before each request; infinite before there is one."""
    seen = np.cumsum(~runs.candidate, axis=1)
    places = np.nonzero(~runs.candidate)
    answers = np.full((len(seen), seen.max()), np.inf)
    answers[places[0], seen[places] - 1] = runs.latency[places]
    first = answers_before_line(check.quantile)
    lines = [np.full(len(seen), np.inf)]
    for last in range(first, answers.shape[1] + 1, REFRESH):
        recent = answers[:, max(0, last - WINDOW) : last]
        place = ceil(check.quantile * recent.shape[1]) - 1
        lines.append(np.partition(recent, place, axis=1)[:, place])
    before = seen - ~runs.candidate
    return np.take_along_axis(np.stack(lines, axis=1), np.maximum(0, (before - first) // REFRESH + 1), axis=1)


def _first_beyond(runs: Runs, run: int, check: LatencyCheck, worse: np.ndarray) -> int:
    """The evidence stays as it is until the next slow answer, while the observed quantiles move on."""
    start = int(worse.argmax())
    candidate, latency = runs.candidate[run], runs.latency[run]
    ours = sorted(latency[:start][candidate[:start]].tolist())
    theirs = sorted(latency[:start][~candidate[:start]].tolist())
    rest = zip(candidate[start:].tolist(), latency[start:].tolist(), worse[start:].tolist(), strict=True)
    for number, (is_ours, seconds, crossed) in enumerate(rest, start + 1):
        insort(ours if is_ours else theirs, seconds)
        if crossed and ours and theirs and _quantile(ours, check) > check.tolerated(_quantile(theirs, check)):
            return number
    return NEVER


def _quantile(ordered: list[float], check: LatencyCheck) -> float:
    return ordered[max(0, ceil(check.quantile * len(ordered)) - 1)]
