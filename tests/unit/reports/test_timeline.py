"""The record of phases."""

import json

import pytest

from ephemeral.progress import Silent
from ephemeral.reports.timeline import Timeline


class Shown(Silent):
    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def note(self, text):
        self.heard.append((text,))

    def state(self, subject, text, *, readiness=None):
        self.heard.append((subject, text))


def test_phases_are_kept_in_the_order_of_their_ends():
    timeline = Timeline(Silent())
    with timeline.phase("create"), timeline.phase("inner"):
        pass
    with pytest.raises(ValueError, match="boom"), timeline.phase("apply"):
        raise ValueError("boom")
    assert [(each.title, each.failed) for each in timeline.phases] == [
        ("inner", False), ("create", False), ("apply", True),
    ]  # fmt: skip
    inner, create, apply = timeline.phases
    assert create.begin <= inner.begin
    assert create.seconds >= inner.seconds >= 0
    assert apply.begin >= create.begin


def test_everything_is_handed_on():
    shown = Shown()
    timeline = Timeline(shown)
    timeline.note("pulled")
    timeline.state("Deployment web", "1/2 ready")
    assert shown.heard == [("pulled",), ("Deployment web", "1/2 ready")]


def test_a_failure_while_showing_is_recorded_too():
    class Broken(Silent):
        def phase(self, title):
            raise OSError("no terminal")

    timeline = Timeline(Broken())
    with pytest.raises(OSError, match="no terminal"), timeline.phase("create"):
        pass
    assert [each.failed for each in timeline.phases] == [True]


def test_json():
    timeline = Timeline(Silent())
    with timeline.phase("create"):
        pass
    written = json.loads(json.dumps(timeline.to_json()))
    assert written["started-at"].endswith("+00:00")
    assert set(written["phases"][0]) == {"title", "begin", "seconds", "failed"}


def test_the_last_state_of_each_workload_is_kept():
    timeline = Timeline(Silent())
    timeline.state("etcd", "downloading")
    timeline.state("Deployment default/web", "0/2 ready", readiness="pending")
    first = timeline.workloads["Deployment default/web"]
    timeline.state("Deployment default/web", "2/2 ready", readiness="ready")
    (web,) = timeline.workloads.values()
    assert (web.text, web.readiness, web.begin) == ("2/2 ready", "ready", first.begin)
    assert web.seconds >= first.seconds == 0
    assert [each["title"] for each in timeline.to_json()["workloads"]] == ["Deployment default/web"]


def test_another_deployment_counts_anew():
    timeline = Timeline(Silent())
    for readiness in ("pending", "ready", "pending"):
        timeline.state("Job default/migrate", readiness, readiness=readiness)
    assert timeline.workloads["Job default/migrate"].seconds == 0


def test_a_timeline_shows_through_one_that_is_there():
    timeline = Timeline(Silent())
    assert Timeline.of(timeline) is timeline
    assert isinstance(Timeline.of(Silent()), Timeline)
