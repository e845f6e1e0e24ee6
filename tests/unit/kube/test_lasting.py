"""Failures count once they have lasted."""

from ephemeral.kube.readiness.verdict import failed, pending
from ephemeral.kube.readiness.waits import Lasting


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_failure_has_to_last_on_end():
    clock = Clock()
    lasting = Lasting(clock)
    assert not lasting.counts("web", failed("no node", lasting=5))
    clock.now += 4
    assert not lasting.counts("web", pending("0/1 ready"))
    clock.now += 4
    assert not lasting.counts("web", failed("no node", lasting=5))
    clock.now += 5
    assert lasting.counts("web", failed("no node", lasting=5))


def test_each_object_has_its_own_time():
    clock = Clock()
    lasting = Lasting(clock)
    lasting.counts("web", failed("no node", lasting=5))
    clock.now += 5
    assert not lasting.counts("db", failed("no node", lasting=5))


def test_final_failure_counts_at_once():
    assert Lasting(Clock()).counts("web", failed("crashed"))
