"""Verdicts: earned, explained, and never out of nothing."""

import random
from collections.abc import Iterator
from math import exp

import pytest

from ephemeral.previews.judge import ErrorRateCheck, Judge, LatencyCheck, Threshold, Verdict
from ephemeral.previews.observations import Request


def traffic(
    *,
    errors: tuple[float, float] = (0.0, 0.0),
    slower: float = 1.0,
    share: float = 0.5,
    really: float | None = None,
    requests: int = 4000,
    seed: int = 1,
) -> Iterator[Request]:
    """Requests to arms with these error rates (baseline, candidate) and 40 ms or so of latency."""
    chance = random.Random(seed)
    for number in range(requests):
        candidate = chance.random() < (share if really is None else really)
        latency = 0.04 * exp(0.2 * chance.gauss()) * (slower if candidate else 1.0)
        failed = chance.random() < errors[candidate]
        yield Request(
            arm="candidate" if candidate else "baseline",
            started=1000 + number / 50,
            latency=latency,
            status=503 if failed else 200,
            share=share,
        )


def judged(requests: Iterator[Request], *checks: object, **options: object) -> Verdict:
    judge = Judge(checks or (ErrorRateCheck(), LatencyCheck()), **options)
    for request in requests:
        judge.add(request)
        if judge.decided:
            break
    return judge.verdict()


def test_a_candidate_like_the_baseline_passes() -> None:
    verdict = judged(traffic(errors=(0.01, 0.01)))
    assert (verdict.outcome, verdict.exit_code) == ("pass", 0)
    assert [row.outcome for row in verdict.rows] == ["pass", "pass"]
    errors, latency = verdict.rows
    assert errors.low < 1 < errors.high
    assert latency.low < 1 < latency.high < 1.2
    assert verdict.decided_after == max(row.decided_after for row in verdict.rows)
    assert "of the baseline's: at most" in errors.sentence
    assert "p95 is" in latency.sentence


def test_a_candidate_that_fails_more_often_fails() -> None:
    verdict = judged(traffic(errors=(0.04, 0.25)))
    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    row = verdict.rows[0]
    assert row.effect > 3
    assert row.low > 1
    assert row.alpha == 0.025
    assert row.decided_at == pytest.approx(1000 + row.decided_after / 50, abs=1)
    assert verdict.sentence.startswith("error-rate: ")
    assert "times as many" in verdict.sentence
    assert f"after {row.decided_after} requests" in verdict.sentence


def test_a_slower_candidate_fails_though_all_its_answers_are_right() -> None:
    verdict = judged(traffic(slower=1.5))
    errors, latency = verdict.rows
    assert (verdict.outcome, errors.outcome, latency.outcome) == ("fail", "inconclusive", "fail")
    assert 1 < latency.low < 1.5 < (latency.high or 99)
    assert 1.2 < latency.effect < 1.8


def test_a_faster_candidate_with_fewer_errors_passes() -> None:
    assert judged(traffic(errors=(0.1, 0.01), slower=0.5)).outcome == "pass"


def test_slack_keeps_milliseconds_from_deciding() -> None:
    def both() -> Iterator[Request]:
        return traffic(slower=1.5)

    assert judged(both(), LatencyCheck(slack=0.2)).outcome == "pass"
    assert judged(both(), LatencyCheck()).outcome == "fail"


def test_no_data_is_no_pass() -> None:
    verdict = judged(iter(()))
    assert (verdict.outcome, verdict.exit_code) == ("inconclusive", 3)
    assert verdict.sentence == "no traffic: not one request was sent"
    assert verdict.more_needed is None


def test_without_checks_nothing_passes() -> None:
    judge = Judge([])
    for request in traffic(requests=100):
        judge.add(request)
    assert (judge.decided, judge.verdict().outcome) == (False, "inconclusive")
    assert judge.verdict().sentence == "no check was asked for"


@pytest.mark.parametrize(("really", "missing"), [(0.0, "candidate"), (1.0, "baseline")])
def test_traffic_of_one_arm_alone_decides_nothing(really: float, missing: str) -> None:
    verdict = judged(traffic(really=really, share=really), ErrorRateCheck())
    assert verdict.outcome == "inconclusive"
    assert f"no request reached the {missing}" in verdict.sentence


def test_too_few_requests_say_how_many_more() -> None:
    verdict = judged(traffic(requests=60), ErrorRateCheck())
    assert verdict.outcome == "inconclusive"
    assert f"about {verdict.more_needed} more requests" in verdict.sentence
    # Without any error the number is exact.
    for requests, outcome in ((60 + verdict.more_needed - 5, "inconclusive"), (60 + verdict.more_needed + 5, "pass")):
        assert judged(traffic(requests=requests), ErrorRateCheck()).outcome == outcome


def test_too_few_answers_for_a_quantile_are_counted_too() -> None:
    verdict = judged(traffic(requests=60), LatencyCheck(quantile=0.99))
    assert verdict.more_needed > 800
    assert "too few answers to compare" in verdict.sentence


def test_two_broken_arms_are_equal_and_yet_no_pass() -> None:
    verdict = judged(traffic(errors=(0.95, 0.95)))
    assert verdict.outcome == "inconclusive"
    assert "both are broken" in verdict.sentence
    assert verdict.more_needed is None


def test_a_candidate_that_mends_a_broken_baseline_passes() -> None:
    assert judged(traffic(errors=(0.9, 0.01)), ErrorRateCheck()).outcome == "pass"


def test_errors_have_no_latency() -> None:
    # It answers 503 at once: without this rule it would look fast.
    verdict = judged(traffic(errors=(0.0, 1.0), slower=0.01), LatencyCheck())
    assert (verdict.outcome, verdict.rows[0].candidate) == ("inconclusive", None)
    assert "no answer without error from the candidate" in verdict.sentence


def test_more_errors_within_the_margin_are_tolerated() -> None:
    assert judged(traffic(errors=(0.0, 0.02), requests=20_000), ErrorRateCheck(max_increase=0.1)).outcome == "pass"


def test_a_split_that_is_not_as_told_is_not_judged() -> None:
    # More requests, more errors: the candidate is not to blame.
    verdict = judged(traffic(errors=(0.05, 0.05), share=0.2, really=0.6), ErrorRateCheck())
    assert verdict.outcome == "inconclusive"
    assert "the router sent 60" in verdict.sentence
    assert "not 20 % as it was told" in verdict.sentence


def test_requests_without_a_known_share_are_counted_and_not_compared() -> None:
    judge = Judge([ErrorRateCheck()])
    for request in traffic(errors=(0.0, 1.0), requests=100):
        judge.add(Request(arm=request.arm, started=0, latency=0.1, status=request.status, share=None))
    row = judge.verdict().rows[0]
    assert (row.outcome, row.candidate, row.baseline) == ("inconclusive", 1.0, 0.0)


def test_failures_of_unknown_arm_keep_a_candidate_from_passing() -> None:
    """A candidate that hangs behind a router gives no sign of itself."""
    judge = Judge([ErrorRateCheck(), Threshold(metric="error-rate", maximum=0.05)])
    for request in traffic(requests=3000):
        hangs = request.arm == "candidate" and request.latency > 0.05
        judge.add(Request(arm="unknown", started=0, latency=5, status=0) if hangs else request)
    verdict = judge.verdict()
    assert [row.outcome for row in verdict.rows] == ["inconclusive", "inconclusive"]
    assert verdict.requests["unknown"] > 100


def test_warming_up_is_not_judged() -> None:
    def cold() -> Iterator[Request]:
        yield from traffic(errors=(0.0, 1.0), requests=60)
        yield from traffic(requests=2000)

    assert judged(cold(), ErrorRateCheck()).outcome == "fail"
    verdict = judged(cold(), ErrorRateCheck(), warm_up=60)
    assert (verdict.outcome, verdict.rows[0].candidate) == ("pass", 0.0)


def test_a_verdict_stands_once_it_is_given() -> None:
    judge = Judge([ErrorRateCheck()])
    for request in traffic(errors=(0.0, 0.5), requests=500):
        judge.add(request)
    before = judge.verdict()
    for request in traffic(errors=(0.9, 0.0), requests=500):
        judge.add(request)
    assert judge.verdict() == before
    assert before.outcome == "fail"
    assert sum(before.requests.values()) == before.decided_after < 500


@pytest.mark.parametrize(
    ("errors", "outcome"), [((0.0, 0.001), "pass"), ((0.0, 0.2), "fail"), ((0.2, 0.05), "inconclusive")]
)
def test_an_absolute_limit_of_errors(errors: tuple[float, float], outcome: str) -> None:
    verdict = judged(traffic(errors=errors, seed=2), Threshold(metric="error-rate", maximum=0.05))
    assert verdict.outcome == outcome
    assert "limit" in verdict.sentence


@pytest.mark.parametrize(("maximum", "outcome"), [(0.1, "pass"), (0.04, "fail")])
def test_an_absolute_limit_of_latency(maximum: float, outcome: str) -> None:
    verdict = judged(traffic(), Threshold(metric="latency", maximum=maximum, quantile=0.9))
    assert verdict.outcome == outcome
    assert f"the limit of {1000 * maximum:g} ms" in verdict.sentence


def test_every_check_has_its_row_and_one_failure_fails_all() -> None:
    limit = Threshold(metric="error-rate", maximum=0.05, name="few-errors")
    verdict = judged(traffic(errors=(0.2, 0.2)), ErrorRateCheck(), limit)
    assert [(row.check, row.outcome) for row in verdict.rows] == [
        ("error-rate", "inconclusive"),
        ("few-errors", "fail"),
    ]
    assert verdict.to_json()["rows"][1]["check"] == "few-errors"


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (ErrorRateCheck, {"max_increase": 0}),
        (LatencyCheck, {"quantile": 1}),
        (LatencyCheck, {"max_ratio": 1}),
        (LatencyCheck, {"slack": -1}),
        (Threshold, {"metric": "error-rate", "maximum": 1}),
        (Threshold, {"metric": "latency", "maximum": float("nan")}),
    ],
)
def test_a_check_that_nothing_could_meet_is_refused(check: type, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is not"):
        check(**wrong)
