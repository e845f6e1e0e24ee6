"""The arithmetic of evidence, against scipy."""

import random
from math import exp, inf, log

import pytest
from scipy import stats

from ephemeral.previews.judge.margin import Margin
from ephemeral.previews.judge.odds import Odds
from ephemeral.previews.judge.search import first_true, times_as_many


def counted(yes: int, no: int, chance: float = 0.5) -> Odds:
    odds = Odds()
    odds.counts[chance] = (yes, no)
    return odds


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
def test_evidence_is_expected_to_be_one_if_nothing_is_wrong(chance: float) -> None:
    trials = 60
    for direction in ("log_more", "log_less"):
        expected = sum(
            stats.binom.pmf(yes, trials, chance) * exp(getattr(counted(yes, trials - yes, chance), direction)())
            for yes in range(trials + 1)
        )
        assert expected == pytest.approx(1)


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("yes", [0, 3, 15, 30, 40])
def test_evidence_never_claims_more_than_the_exact_binomial_test(yes: int, chance: float) -> None:
    odds = counted(yes, 40 - yes, chance)
    assert exp(-odds.log_more()) >= stats.binomtest(yes, 40, chance, alternative="greater").pvalue
    assert exp(-odds.log_less()) >= stats.binomtest(yes, 40, chance, alternative="less").pvalue


@pytest.mark.parametrize(("baseline", "candidate"), [(0, 12), (3, 15), (10, 10), (20, 60)])
def test_evidence_never_claims_more_than_a_test_of_two_proportions(baseline: int, candidate: int) -> None:
    requests = 150
    table = [[candidate, baseline], [requests - candidate, requests - baseline]]
    exact = stats.barnard_exact(table, alternative="greater").pvalue
    assert exp(-counted(candidate, baseline).log_more()) >= exact


@pytest.mark.parametrize(("yes", "trials"), [(0, 50), (1, 100), (30, 100), (500, 1000), (990, 1000)])
def test_bounds_that_always_hold_contain_the_exact_interval_of_one_look(yes: int, trials: int) -> None:
    odds = counted(yes, trials - yes)
    exact = stats.binomtest(yes, trials).proportion_ci(0.9, method="exact")
    low, high = odds.low(0.05), odds.high(0.05)
    assert low / (1 + low) <= exact.low
    assert (1.0 if high == inf else high / (1 + high)) >= exact.high


def test_bounds_narrow_down_on_the_truth() -> None:
    odds = counted(30_000, 10_000)
    assert 2.7 < odds.low(0.025) < 3 < odds.high(0.025) < 3.3


def test_a_bound_beyond_one_and_crossing_evidence_are_the_same_thing() -> None:
    chance, crossed = random.Random(5), 0
    for _ in range(200):
        odds = counted(chance.randrange(40), chance.randrange(15))
        worse = odds.log_more() >= -log(0.05)
        crossed += worse
        assert worse == (odds.low(0.05) > 1)
    assert 20 < crossed < 180


def test_shares_that_change_are_each_weighed_by_their_own_chance() -> None:
    # Of ten errors under 5 % all at the candidate is striking; of ten under 95 % it is what is to be expected.
    odds = Odds()
    for _ in range(10):
        odds.add(0.95, yes=True)
    assert odds.log_more() < 0.5
    odds = Odds()
    for _ in range(10):
        odds.add(0.05, yes=True)
    assert odds.log_more() > log(1e6)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_where_only_one_arm_could_be_reached_nothing_is_compared(chance: float) -> None:
    odds, margin = Odds(), Margin()
    odds.add(chance, yes=bool(chance))
    margin.add(chance, candidate=bool(chance), failed=True)
    assert odds.log_more() == odds.log_less() == margin.log_within(0.02) == pytest.approx(0)
    assert odds.low(0.05) == 0
    assert odds.high(0.05) == inf
    assert margin.high(0.05) == 1


def test_the_margin_is_expected_to_earn_nothing_where_the_difference_is_the_margin() -> None:
    share, baseline, difference, requests = 0.3, 0.1, 0.05, 12
    candidate = baseline + difference
    chances = [share * candidate, (1 - share) * baseline]
    expected = 0.0
    for ours in range(requests + 1):
        for theirs in range(requests + 1 - ours):
            margin = Margin()
            fine = requests - ours - theirs
            margin.counts[share] = (fine, ours, theirs)
            chance = stats.multinomial.pmf([ours, theirs, fine], requests, [*chances, 1 - sum(chances)])
            expected += chance * exp(margin.log_within(difference))
    assert expected == pytest.approx(1)


def test_the_bound_on_the_difference_is_never_below_that_of_one_look() -> None:
    margin = Margin()
    margin.counts[0.5] = (1980, 10, 10)
    # Newcombe's or Wald's bound for one look: 1.645 standard errors above no difference.
    assert 1.645 * (2 * 0.01 * 0.99 / 1000) ** 0.5 < margin.high(0.05) < 0.025


def test_search_finds_where_a_condition_begins() -> None:
    assert first_true(lambda number: number >= 7, 1, 1000) == pytest.approx(7)
    assert first_true(lambda _: False, 1, 1000) is None
    assert first_true(lambda _: True, 1, 1000) == 1


def test_so_many_times_as_many_trials_would_be_enough() -> None:
    odds = counted(8, 4)
    scale = times_as_many(lambda scale: odds.log_more(scale=scale), -log(0.05))
    assert scale is not None
    assert counted(round(8 * scale) + 1, round(4 * scale)).log_more() >= -log(0.05)
    assert counted(round(8 * scale) - 2, round(4 * scale)).log_more() < -log(0.05)
    assert times_as_many(lambda scale: counted(5, 5).log_more(scale=scale), -log(0.05)) is None
