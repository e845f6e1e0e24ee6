"""Reading, counting and sorting events."""

from datetime import UTC, datetime

from ephemeral.kube.events import describe, merge, parse


def raw(message="Back-off pulling image", minute=1, name="web-1", **more):
    about = {"kind": "Pod", "namespace": "default", "name": name, "uid": name}
    time = f"2026-01-01T00:{minute:02}:00Z"
    return {
        "type": "Warning",
        "involvedObject": about,
        "reason": "Failed",
        "message": message,
        "lastTimestamp": time,
    } | more


def test_classic_event():
    event = parse(raw(count=3))
    assert describe(event) == "Pod default/web-1: Failed (3 times): Back-off pulling image"
    assert event.last == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert event.warning


def test_event_of_the_newer_api():
    series = {"count": 4, "lastObservedTime": "2026-01-01T00:09:00.123456Z"}
    event = parse(raw(lastTimestamp=None, eventTime="2026-01-01T00:01:00.000000Z", series=series))
    assert (event.count, event.last.minute) == (4, 9)


def test_event_about_something_without_namespace():
    about = {"kind": "Node", "name": "node-0"}
    assert parse(raw(involvedObject=about)).about == "Node node-0"


def test_repeated_events_are_counted_and_the_newest_is_last():
    merged = merge(map(parse, [raw(minute=5), raw("other", minute=3), raw(minute=1, count=2)]))
    assert [(each.message, each.count) for each in merged] == [("other", 1), ("Back-off pulling image", 3)]


def test_refusals_of_differently_named_pods_are_one():
    messages = [
        'Error creating: pods "web-abc" is forbidden: exceeded quota',
        '(combined from similar events): Error creating: pods "web-xyz" is forbidden: exceeded quota',
    ]
    merged = merge(parse(raw(message, minute=number)) for number, message in enumerate(messages))
    assert [each.count for each in merged] == [2]


def test_same_words_about_different_objects_stay_apart():
    assert len(merge(map(parse, [raw(name="web-1"), raw(name="web-2")]))) == 2
