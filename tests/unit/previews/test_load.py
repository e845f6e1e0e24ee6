"""The generator against a real server: steady, open-loop, bounded."""

import socket
import statistics
import threading
from collections import Counter
from itertools import pairwise

import pytest

from ephemeral.previews.load import Assigned, Destination, LoadPlan, LoadSummary, Routed, Target, generate
from ephemeral.previews.observations import Request
from tests.unit.previews.server import Manners, serving


def load(stop: threading.Event | None = None, **plan: object) -> tuple[LoadSummary, list[Request]]:
    requests: list[Request] = []
    return generate(LoadPlan(**plan), requests.append, stop or threading.Event()), requests


def to(url: str) -> Routed:
    return Routed(destination=Destination(url=url), share=lambda: 0.2)


def test_requests_start_at_a_steady_rate_and_are_heard_in_order() -> None:
    with serving(Manners()) as url:
        summary, requests = load(routing=to(url), rate=200, seconds=1, seed=1)
    assert summary.intended == summary.sent == len(requests) == 200
    assert summary.failed == 0
    gaps = {round(after.started - before.started, 6) for before, after in pairwise(requests)}
    assert gaps == {0.005}
    assert {request.status for request in requests} == {200}
    assert all(request.latency > 0 for request in requests)


def test_the_number_of_requests_bounds_the_load() -> None:
    with serving(Manners()) as url:
        summary, requests = load(routing=to(url), rate=200, seconds=60, requests=10)
    assert (summary.intended, len(requests)) == (10, 10)
    assert summary.seconds < 30


def test_latency_counts_from_the_intended_start_where_a_slow_server_holds_up_the_queue() -> None:
    # It answers 20 a second, one after the other, and 100 a second come in: the queue grows by 40 ms a request.
    manners = Manners()
    manners.one_at_a_time, manners.seconds = True, 0.05
    with serving(manners) as url:
        _, requests = load(routing=to(url), rate=100, seconds=60, requests=30, timeout=30)
    waits = sorted(request.latency for request in requests)
    assert len(waits) == 30
    # A generator that waits for each answer before it sends the next request would report 50 ms for all of them.
    assert waits[-1] > 30 * 0.05 - 30 * 0.01 - 0.05
    assert statistics.median(waits) > 5 * 0.05


def test_a_server_that_hangs_costs_its_own_requests_only() -> None:
    hanging, fine = Manners(), Manners()
    hanging.seconds = 60
    with serving(hanging) as candidate, serving(fine) as baseline:
        routing = Assigned(baseline=Destination(url=baseline), candidate=Destination(url=candidate))
        summary, requests = load(routing=routing, rate=100, seconds=1, timeout=1, in_flight=8, seed=2)
    ends = Counter((request.arm, request.status) for request in requests)
    assert set(ends) == {("baseline", 200), ("candidate", 0)}
    assert {"Timeout" in request.error for request in requests if request.arm == "candidate"} == {True}
    # Four at a time hang for a second: not all of the candidate's could be sent, and the summary owns up to it.
    assert summary.sent < summary.intended
    assert not summary.kept_rate
    assert "could not keep the rate" in summary.sentence()
    assert ends["baseline", 200] == len(fine.asked)


def test_a_server_that_refuses_is_an_observation() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        summary, requests = load(
            routing=to(f"http://127.0.0.1:{unused.getsockname()[1]}"), rate=50, seconds=60, requests=5
        )
    assert summary.failed == 5
    assert {(request.arm, request.status) for request in requests} == {("unknown", 0)}
    assert all("refused" in request.error for request in requests)


def test_a_name_that_does_not_resolve_is_an_observation() -> None:
    _, requests = load(routing=to("http://nowhere.invalid"), rate=50, seconds=60, requests=1)
    assert requests[0].status == 0
    assert requests[0].error


def test_the_arm_is_read_from_the_answer() -> None:
    manners = Manners()
    with serving(manners) as url:
        for arm, expected in (("candidate", "candidate"), ("baseline", "baseline"), ("", "unknown")):
            manners.arm = arm
            _, requests = load(routing=to(url), rate=100, seconds=60, requests=2)
            assert [(request.arm, request.share) for request in requests] == [(expected, 0.2)] * 2


def test_the_generator_tosses_a_fair_coin_and_steers_by_header() -> None:
    manners = Manners()
    with serving(manners) as url:
        routing = Assigned(
            baseline=Destination(url=url),
            candidate=Destination(url=url, headers={"x-ephemeral-preview": "candidate"}),
        )
        _, requests = load(routing=routing, rate=500, seconds=60, requests=200, seed=3)
    arms = Counter(request.arm for request in requests)
    assert Counter(steer for _, _, steer, _ in manners.asked) == {"": arms["baseline"], "candidate": arms["candidate"]}
    assert 60 < arms["candidate"] < 140
    assert {request.share for request in requests} == {0.5}


def test_targets_are_drawn_by_weight_with_method_and_body() -> None:
    manners = Manners()
    targets = (Target(path="/read", weight=3), Target(path="/write?x=1", method="POST", body=b"data"))
    with serving(manners) as url:
        load(routing=to(url), rate=500, seconds=60, requests=200, targets=targets, seed=4)
    asked = Counter((method, path, body) for method, path, _, body in manners.asked)
    assert set(asked) == {("GET", "/read", b""), ("POST", "/write?x=1", b"data")}
    assert 120 < asked["GET", "/read", b""] < 180


def test_kept_connections_serve_many_requests() -> None:
    with serving(Manners()) as url:
        summary, requests = load(routing=to(url), rate=200, seconds=60, requests=40, keep_alive=True)
    assert summary.failed == 0
    assert {request.status for request in requests} == {200}


def test_stop_ends_the_load_and_waits_for_what_is_under_way() -> None:
    stop = threading.Event()
    heard: list[Request] = []

    def hear(request: Request) -> None:
        heard.append(request)
        if len(heard) == 5:
            stop.set()

    manners = Manners()
    with serving(manners) as url:
        summary = generate(LoadPlan(routing=to(url), rate=100, seconds=600), hear, stop)
    assert 5 <= summary.sent == len(heard) == len(manners.asked) < 60_000


def test_what_the_listener_raises_ends_the_load() -> None:
    def hear(_: Request) -> None:
        raise RuntimeError("enough")

    with serving(Manners()) as url, pytest.raises(RuntimeError, match="enough"):
        generate(LoadPlan(routing=to(url), rate=100, seconds=600), hear, threading.Event())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": 0}, "rate 0"),
        ({"rate": 1001}, "at most 1000"),
        ({"seconds": float("inf")}, "seconds inf"),
        ({"seconds": float("nan")}, "seconds nan"),
        ({"timeout": 0}, "timeout 0"),
        ({"requests": -1}, "requests -1"),
        ({"targets": ()}, "no target"),
    ],
)
def test_load_is_bounded(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LoadPlan(**{"routing": to("http://127.0.0.1"), "rate": 1, "seconds": 1, **wrong})


def test_a_path_can_name_no_other_host() -> None:
    with pytest.raises(ValueError, match="does not start with /"):
        Target(path="@elsewhere.invalid/")
