"""The stated error rates, by simulation: tens of thousands of previews, looked at after every request."""

from collections.abc import Callable

import numpy as np
import pytest

from ephemeral.previews.judge import ErrorRateCheck, LatencyCheck
from tests.unit.previews.simulated import NEVER, Decisions, Runs, error_rates, latencies, real_decision

ALPHA = 0.05
RUNS, REQUESTS = 10_000, 2_000
BATCH = 50  # fits into a core's cache

ERRORS = ErrorRateCheck()
LATENCY = LatencyCheck()

Drawn = Callable[[np.random.Generator], Runs]


def even(requests: int = REQUESTS) -> np.ndarray:
    return np.full(requests, 0.5)


def rising() -> np.ndarray:
    """A canary's weights: 5, 20, then 50 %."""
    return np.repeat([0.05, 0.2, 0.5], [700, 700, 600])


def steady(baseline: float, candidate: float, share: np.ndarray) -> Drawn:
    def draw(chance: np.random.Generator) -> Runs:
        arms = chance.random((BATCH, len(share))) < share
        failed = chance.random(arms.shape) < np.where(arms, candidate, baseline)
        return Runs(arms, failed, np.ones(arms.shape), share)

    return draw


def stormy(share: np.ndarray) -> Drawn:
    """Errors that both arms have in common: a rate that goes up and down, and outages of half of all requests."""

    def draw(chance: np.random.Generator) -> Runs:
        arms = chance.random((BATCH, len(share))) < share
        hours = np.arange(len(share)) / len(share)
        rate = 0.03 * (1 + np.sin(6 * np.pi * (hours + chance.random((BATCH, 1)))))
        outage = np.floor(hours * 40) == chance.integers(40, size=(BATCH, 1))
        failed = chance.random(arms.shape) < np.where(outage, 0.5, rate)
        return Runs(arms, failed, np.ones(arms.shape), share)

    return draw


def in_turn(share: float) -> Drawn:
    """A router that counts instead of tossing coins."""

    def draw(chance: np.random.Generator) -> Runs:
        turn = round(1 / share)
        arms = (np.arange(REQUESTS) + chance.integers(turn, size=(BATCH, 1))) % turn == 0
        return Runs(arms, chance.random(arms.shape) < 0.02, np.ones(arms.shape), np.full(REQUESTS, share))

    return draw


def lasting(slower: float, *, spread: float = 0.3, drift: float = 0.0, requests: int = REQUESTS) -> Drawn:
    """Log-normal latencies around 40 ms; ``drift`` makes both arms slower by this factor towards the end."""

    def draw(chance: np.random.Generator) -> Runs:
        arms = chance.random((BATCH, requests)) < 0.5
        common = 0.04 * (1 + drift * np.arange(requests) / requests)
        latency = common * np.exp(spread * chance.standard_normal(arms.shape)) * np.where(arms, slower, 1.0)
        return Runs(arms, np.zeros(arms.shape, dtype=bool), latency, even(requests))

    return draw


def simulate(
    draw: Drawn, check: ErrorRateCheck | LatencyCheck, *, runs: int = RUNS, alpha: float = ALPHA, agreeing: int = 20
) -> Decisions:
    """Decide all runs by numpy, and the first few by the product as well."""
    chance = np.random.default_rng(20260101)
    batches = []
    for number in range(runs // BATCH):
        batch = draw(chance)
        decide = error_rates if isinstance(check, ErrorRateCheck) else latencies
        decided = decide(batch, check, alpha=alpha, pass_alpha=alpha)
        if number == 0:
            for run in range(agreeing):
                assert real_decision(batch, run, check, alpha) == _decision(decided, run)
        batches.append(decided)
    return Decisions(*(np.concatenate(column) for column in zip(*map(_columns, batches), strict=True)))


def _columns(decided: Decisions) -> tuple[np.ndarray, ...]:
    return decided.worse, decided.fail, decided.passed


def _decision(decided: Decisions, run: int) -> tuple[str, int]:
    fail, passed = int(decided.fail[run]), int(decided.passed[run])
    if fail == passed == NEVER:
        return "inconclusive", NEVER
    return ("fail", fail) if fail <= passed else ("pass", passed)


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(steady(0.01, 0.01, even()), id="1 % of errors"),
        pytest.param(steady(0.1, 0.1, rising()), id="10 % of errors, weights that change"),
        pytest.param(stormy(rising()), id="outages and drift, weights that change"),
        pytest.param(in_turn(0.2), id="a router that goes in turn"),
    ],
)
def test_no_more_false_alarms_about_errors_than_stated(draw: Drawn) -> None:
    decided = simulate(draw, ERRORS)
    assert decided.crossing() <= ALPHA
    assert decided.failing() <= ALPHA


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lasting(1.0), id="steady"),
        pytest.param(lasting(1.0, spread=1.0, drift=2.0), id="both arms get three times slower"),
    ],
)
def test_no_more_false_alarms_about_latency_than_stated(draw: Drawn) -> None:
    decided = simulate(draw, LATENCY)
    assert decided.crossing() <= ALPHA
    assert decided.failing() <= ALPHA


def test_looking_after_every_request_ruins_a_test_that_is_made_for_one_look() -> None:
    """That these simulations can see a judge that raises too many alarms."""
    runs = steady(0.05, 0.05, even())(np.random.default_rng(1))
    ours, all_of = np.cumsum(runs.candidate & runs.failed, axis=1), np.cumsum(runs.failed, axis=1)
    looks = slice(100, None)
    z = (ours[:, looks] - 0.5 * all_of[:, looks]) / np.sqrt(np.maximum(1, all_of[:, looks]) / 4)
    assert np.mean((z > 1.645).any(axis=1)) > 4 * ALPHA


def test_a_candidate_at_the_margin_passes_no_more_often_than_stated() -> None:
    assert simulate(steady(0.01, 0.03, even()), ERRORS).passing() <= ALPHA
    assert simulate(lasting(LATENCY.max_ratio), LATENCY, runs=2_000).passing() <= ALPHA


# Power is stated for the two checks together, each with half of alpha: what docs/verdicts.md says, line by line.


def test_one_against_five_percent_of_errors_is_caught() -> None:
    decided = simulate(steady(0.01, 0.05, even()), ERRORS, runs=2_000, alpha=ALPHA / 2)
    assert decided.failing(within=1_500) >= 0.9
    assert decided.after(0.5) <= 600


def test_a_candidate_that_fails_half_the_time_is_caught_at_once() -> None:
    decided = simulate(steady(0.0, 0.5, even()), ERRORS, runs=2_000, alpha=ALPHA / 2)
    assert decided.failing(within=60) >= 0.98
    assert decided.after(0.5) <= 40


def test_a_p95_that_is_a_fifth_slower_is_caught() -> None:
    decided = simulate(lasting(1.2), LATENCY, runs=2_000, alpha=ALPHA / 2)
    assert decided.failing(within=1_200) >= 0.9
    assert decided.after(0.5) <= 600


def test_a_candidate_like_the_baseline_passes() -> None:
    errors = simulate(steady(0.01, 0.01, even(4_000)), ERRORS, runs=1_000)
    assert errors.passing(within=2_500) >= 0.9
    assert errors.after(0.5) <= 1_100
    slow = simulate(lasting(1.0, requests=6_000), LATENCY, runs=500)
    assert slow.passing(within=5_000) >= 0.9
    assert slow.after(0.5) <= 2_400
