"""Waiting, on a clock that only moves when somebody sleeps."""

from collections.abc import Callable

import pytest

from ephemeral.errors import WaitError, WorkloadError
from ephemeral.waiting import Deadline, NotYet, wait_until


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def seeing(*texts: str) -> Callable[[], str]:
    """A probe that sees these in turn, and then that all is well; the last one stays when it ends with `...`."""
    remaining = list(texts)

    def probe() -> str:
        if not remaining:
            return "well"
        if remaining[0] == "...":
            raise NotYet(texts[-2])
        raise NotYet(remaining.pop(0))

    return probe


def test_value_of_the_probe_is_returned_without_sleeping(clock):
    assert wait_until(seeing(), deadline=Deadline(1, clock=clock), what="x", sleep=clock.sleep) == "well"
    assert clock.naps == []


def test_naps_grow_to_the_longest(clock):
    deadline = Deadline(60, clock=clock)
    wait_until(seeing(*"abcdef"), deadline=deadline, what="x", interval=0.2, max_interval=0.5, sleep=clock.sleep)
    assert clock.naps == pytest.approx([0.2, 0.3, 0.45, 0.5, 0.5, 0.5])


def test_any_other_error_ends_the_wait_at_once(clock):
    calls = []

    def probe():
        calls.append(1)
        raise WorkloadError("ImagePullBackOff")

    with pytest.raises(WorkloadError, match="ImagePullBackOff"):
        wait_until(probe, deadline=Deadline(60, clock=clock), what="x", sleep=clock.sleep)
    assert (len(calls), clock.naps) == (1, [])


def test_deadline_names_what_was_awaited_and_last_seen(clock):
    deadline = Deadline(3, clock=clock)
    with pytest.raises(WaitError) as raised:
        wait_until(seeing("0/2 ready", "1/2 ready", "..."), deadline=deadline, what="Deployment web", sleep=clock.sleep)
    assert raised.value.message == "Deployment web: not within 3 s; last seen: 1/2 ready"
    assert raised.value.observed == "1/2 ready"


def test_no_attempt_starts_after_the_deadline(clock):
    starts = []

    def probe():
        starts.append(clock.now)
        raise NotYet("no")

    with pytest.raises(WaitError):
        wait_until(probe, deadline=Deadline(2, clock=clock), what="x", max_interval=0.5, sleep=clock.sleep)
    assert len(starts) > 3
    assert all(start < 102.0 for start in starts)


def test_a_slow_probe_uses_up_the_deadline(clock):
    def probe():
        clock.now += 5
        raise NotYet("slow")

    with pytest.raises(WaitError, match="last seen: slow"):
        wait_until(probe, deadline=Deadline(3, clock=clock), what="x", sleep=clock.sleep)
    assert clock.now == 105


def test_waits_share_a_deadline(clock):
    deadline = Deadline(10, clock=clock)
    wait_until(seeing(*"abcd"), deadline=deadline, what="first", interval=2, max_interval=2, sleep=clock.sleep)
    assert deadline.remaining() == 2
    with pytest.raises(WaitError, match="second: not within 10 s"):
        wait_until(seeing("a", "..."), deadline=deadline, what="second", interval=0.5, sleep=clock.sleep)
    assert clock.now <= 110


def test_after_the_deadline_there_is_one_look(clock):
    deadline = Deadline(1, clock=clock)
    clock.now += 5
    assert deadline.remaining() == 0
    assert wait_until(seeing(), deadline=deadline, what="x", sleep=clock.sleep) == "well"
    with pytest.raises(WaitError, match="last seen: gone"):
        wait_until(seeing("gone", "..."), deadline=deadline, what="x", sleep=clock.sleep)
    assert clock.naps == []


def test_observations_are_told_when_they_change(clock):
    heard: list[str] = []
    probe = seeing("0/2", "0/2", "1/2", "1/2", "0/2")
    deadline = Deadline(60, clock=clock)
    wait_until(probe, deadline=deadline, what="x", on_observation=heard.append, sleep=clock.sleep)
    assert heard == ["0/2", "1/2", "0/2"]


def test_an_interruption_is_not_swallowed(clock):
    def sleep(_seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_until(seeing("a", "..."), deadline=Deadline(60, clock=clock), what="x", sleep=sleep)
