"""What the page says, from top to bottom: the failure first, what is long last and folded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ephemeral.kube.events import Event
from ephemeral.reports.evidence import Answers, Known, Missing
from ephemeral.reports.html.picture import draw
from ephemeral.reports.html.section import Section
from ephemeral.reports.summary import spell

_NEWEST_EVENTS = 500
_LOG_LINES = 200
_LOG_CHARACTERS = 32 * 1024
_ALL_LOGS_CHARACTERS = 2 * 1024 * 1024
_NOT_ASKED = Missing("The cluster had died: it could not be asked.")


def sections_of(known: Known, answers: Answers | None) -> Iterator[Section]:
    """All sections that have something to say."""
    if known.failure:
        yield Section(title="What failed", template="failure.html", values={"failure": known.failure})
    if known.diagnosis:
        yield Section(title="What became of the cluster", template="text.html", values={"text": _text(known.diagnosis)})
    yield from known.sections
    if known.timeline.phases:
        yield Section(title="Timeline", template="timeline.html", values={"picture": draw(known.timeline)})
    yield _workloads(known, answers)
    yield _facts(known)
    yield _events(answers.events if answers else _NOT_ASKED)
    yield _pods(answers)
    yield from _logs(known, answers)


def _workloads(known: Known, answers: Answers | None) -> Section:
    """States as the cluster has them; where it can't be asked, as they were seen last."""
    states = answers.workloads if answers else _NOT_ASKED
    seen = known.timeline.workloads
    if isinstance(states, Missing) and seen:
        states = {title: workload.text for title, workload in seen.items()}
    readiness = {title: workload.readiness for title, workload in seen.items()}
    return Section(title="Workloads", template="workloads.html", values={"states": states, "readiness": readiness})


def _facts(known: Known) -> Section:
    facts = known.facts
    if not isinstance(facts, Missing):
        facts = {
            key.removesuffix("-bytes").replace("-", " "): spell(key, value)
            for key, value in facts.items()
            if value != ""
        }
    return Section(title="Environment", template="facts.html", values={"facts": facts})


def _events(events: list[Event] | Missing) -> Section:
    if isinstance(events, Missing):
        return Section(title="Events", template="events.html", values={"events": events, "left_out": 0})
    warnings = sum(event.warning for event in events)
    return Section(
        title="Events",
        template="events.html",
        values={"events": events[-_NEWEST_EVENTS:], "left_out": max(0, len(events) - _NEWEST_EVENTS)},
        note=f"{len(events)}, {warnings} of them warnings",
        folded=True,
    )


def _pods(answers: Answers | None) -> Section:
    pods = answers.pods if answers else _NOT_ASKED
    note = "" if isinstance(pods, Missing) else str(len(pods))
    return Section(title="Pods", template="pods.html", values={"pods": pods}, note=note, folded=True)


def _logs(known: Known, answers: Answers | None) -> Iterator[Section]:
    logs = _Logs()
    if answers:
        containers = {path.removesuffix(".log"): logs.cut(text) for path, text in answers.logs.items()}
        values = {"about": _text(answers.about_logs), "logs": containers, "lines": _LOG_LINES}
        yield Section(title="Logs of the app", template="logs.html", values=values, folded=True)
    components = known.components
    if isinstance(components, Missing):
        values = {"about": components.reason, "logs": {}, "lines": _LOG_LINES}
    else:
        values = {"about": "", "logs": logs.read(components), "lines": _LOG_LINES}
    yield Section(title="Logs of the cluster", template="logs.html", values=values, folded=True)


class _Logs:
    """Ends of logs, until the page has enough of them: it is to open on a phone."""

    def __init__(self) -> None:
        self._room = _ALL_LOGS_CHARACTERS

    def cut(self, text: str) -> str:
        room = min(_LOG_CHARACTERS, self._room)
        end = "\n".join(text[-room:].splitlines()[-_LOG_LINES:]) if room else ""
        self._room -= len(end)
        return end if end or not text else "(left out: this page is long enough)"

    def read(self, components: Mapping[str, Path]) -> dict[str, str]:
        return {name: self.cut(_end_of(path)) for name, path in components.items()}


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 4 * _LOG_CHARACTERS))
            return log.read().decode(errors="replace")
    except OSError as failure:
        return f"could not be gathered: {type(failure).__name__}: {failure}"


def _text(value: str | Missing) -> str:
    return value.reason if isinstance(value, Missing) else value
