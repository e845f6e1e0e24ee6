"""The page of a report as text; tests/e2e/test_page.py opens it in a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ephemeral.errors import ClusterError
from ephemeral.reports.evidence import Missing
from ephemeral.reports.failure import Failure, clean
from ephemeral.reports.html import Section, render, sections
from ephemeral.reports.html.picture import draw
from ephemeral.reports.timeline import Phase, Workload
from tests.pages import ERROR, HOSTILE, sample


class Reader(HTMLParser):
    """Elements and text as a browser takes them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture
def failing(tmp_path):
    return sample(tmp_path, failing=True)


def test_the_failure_comes_first_in_its_own_words(failing):
    read = Reader(render(*failing))
    words = re.sub(r"\s+", " ", read.text)
    assert words.index("fail shop-pr-7-1a2b3c") < words.index("What failed Deployment default/web: container web")
    assert words.index("RuntimeError") < words.index("What to do: The container starts") < words.index("Timeline")
    headings = ("Workloads", "Environment", "Events", "Pods", "Logs of the app", "Logs of the cluster")
    assert all(heading in words for heading in headings)


def test_nothing_that_a_cluster_says_becomes_an_element(failing):
    read = Reader(render(*failing))
    assert {tag for tag, _ in read.elements} & {"script", "img", "iframe", "object"} == set()
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    shown = '<script>alert(1)</script><img src=x onerror=alert(1)>"&red\ufffd\ufffdgnp'
    assert read.text.count(shown) >= 6  # failure, owner, workload, event, pod, log
    assert "\x1b" not in read.text
    assert "\x00" not in read.text


def test_it_needs_nothing_from_outside(failing):
    read = Reader(render(*failing))
    assert read.attributes("src") == []
    assert read.attributes("href") == ["data:,"]
    assert "default-src 'none'" in next(filter(None, read.attributes("content")[2:]))
    assert "url(" not in render(*failing)


def test_a_run_that_went_well(tmp_path):
    read = Reader(render(*sample(tmp_path, failing=False)))
    assert "What failed" not in read.text
    assert ("p", {"class": "badge good"}) in read.elements


def test_a_cluster_that_died_is_not_quoted(failing):
    known, _ = failing
    read = Reader(render(replace(known, diagnosis="etcd was ended by SIGKILL"), None))
    assert "etcd was ended by SIGKILL" in read.text
    assert "it could not be asked" in read.text
    assert "CrashLoopBackOff: exited with code 1" in read.text  # as it was seen last


def test_what_could_not_be_gathered_says_why(failing):
    known, answers = failing
    none = Missing("could not be gathered: no answer within 10 s")
    known = replace(known, facts=none, diagnosis=none, components=none)
    answers = replace(answers, events=none, pods=none, workloads=none, about_logs=none)
    assert Reader(render(known, answers)).text.count(none.reason) >= 5


def test_more_sections_stand_above_the_timeline(failing):
    known, answers = failing
    known = replace(known, sections=(Section(title="Preview", template="text.html", values={"text": HOSTILE}),))
    text = Reader(render(known, answers)).text
    assert text.index("What failed") < text.index("Preview") < text.index("Timeline")


def test_logs_are_cut_so_that_the_page_opens_on_a_phone(failing, monkeypatch):
    known, answers = failing
    lines = "".join(f"line {number}\n" for number in range(5000))
    read = Reader(render(known, replace(answers, logs={"default/web/web.log": lines})))
    assert "line 4800\n" in read.text
    assert "line 4799\n" not in read.text
    monkeypatch.setattr(sections, "_ALL_LOGS_CHARACTERS", 300_000)
    many = {f"default/web-{number}/web.log": "y" * 50_000 for number in range(100)}
    text = render(known, replace(answers, logs=many))
    assert len(text) < 400_000
    assert "left out: this page is long enough" in text


def test_many_events(failing):
    known, answers = failing
    events = [replace(answers.events[0], message=f"number {index}!") for index in range(700)]
    text = Reader(render(known, replace(answers, events=events))).text
    assert "200 older ones are left out" in text
    assert "number 699!" in text
    assert "number 199!" not in text


def test_bars_stay_within_the_picture(failing):
    known, _ = failing
    timeline = known.timeline
    timeline.phases.append(Phase(title="down", begin=14.0, seconds=0.0, failed=False))
    picture = draw(timeline)
    assert all(row.left >= 0 and row.left + row.width <= 100.01 and row.width > 0 for row in picture.rows)
    assert [row.title for row in picture.rows[:3]] == ["create", "ready", "render"]
    assert [label for _, label in picture.ticks] == ["0 s", "5 s", "10 s"]
    assert next(row for row in picture.rows if row.title == "wait").time == "8.6 s, failed"
    assert next(row for row in picture.rows if "migrate" in row.title).time == "8.6 s, not ready"


def test_a_picture_of_a_thousand_workloads(failing):
    timeline = failing[0].timeline
    for number in range(1000):
        title = f"Deployment default/web-{number}"
        timeline.workloads[title] = Workload(title=title, text="", readiness="ready", begin=6.0, seconds=1.0)
    picture = draw(timeline)
    assert (len(picture.rows), picture.left_out) == (40, 970)


@pytest.mark.parametrize("total", [0.0, 0.001, 0.9, 60.0, 3600.0, 86_400.0])
def test_any_length_has_some_marks(failing, total):
    timeline = failing[0].timeline
    timeline.workloads.clear()
    timeline.phases[:] = [Phase(title="create", begin=0.0, seconds=total, failed=False)]
    assert 3 <= len(draw(timeline).ticks) <= 6


def test_a_template_that_fails_does_not_take_the_bundle_with_it(tmp_path, monkeypatch):
    from ephemeral.reports.bundle import write_bundle
    from tests.pages import Subject

    def refuse(*_):
        raise ValueError("no such template")

    monkeypatch.setattr("ephemeral.reports.html.render", refuse)
    folder = write_bundle(tmp_path, Subject(tmp_path), ClusterError("boom"))
    assert (folder / "summary.txt").read_text().startswith("boom\n")
    assert (folder / "report.html").read_text() == "could not be gathered: ValueError: no such template"


def test_what_a_badge_says(failing):
    known, answers = failing
    tones = {"pass": "good", "running": "good", "inconclusive": "", "fail": "bad", "dead": "bad"}
    for verdict, tone in tones.items():
        read = Reader(render(replace(known, verdict=verdict), answers))
        assert ("p", {"class": f"badge {tone}"}) in read.elements


def test_text_of_terminals():
    assert clean("\x1b[1;31mred\x1b[0m \x1b]0;title\x07done\x1b]8;;x") == "red done"
    assert clean("a\tb\nc\x08\x7f\ud800\ufffe") == "a\tb\nc" + "\ufffd" * 4


def test_a_failure_without_words():
    assert Failure.of(KeyError()).words == "KeyError"
    assert Failure.of(ERROR).slug == "workload-failed"
    assert Failure.of(ERROR).headline.startswith("Deployment default/web: container web crashes")
