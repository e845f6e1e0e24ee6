"""A run as JUnit XML, in the shape that GitLab, Jenkins and GitHub's reporters read: phases and workloads are cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from ephemeral.reports.failure import Failure, clean
from ephemeral.reports.timeline import Timeline

#: What a case that failed is called when no phase was open: the request itself was wrong, or nobody saw it end.
_PROLOGUE = "request"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """``kind`` is the element that says how it ended: ``failure``, ``error``, ``skipped``, or empty for success."""

    group: str
    name: str
    seconds: float
    kind: str = ""
    message: str = ""
    text: str = ""
    slug: str = ""


def junit(name: str, timeline: Timeline, failure: Failure | None) -> str:
    """One suite for the environment ``name``. A phase that failed is an error, a workload that failed a failure.

    The failure's own words stand where it began: at the first phase that failed.
    """
    cases = [*_phases(timeline, failure), *_workloads(timeline)]
    counts = {
        "tests": len(cases),
        "failures": sum(case.kind == "failure" for case in cases),
        "errors": sum(case.kind == "error" for case in cases),
        "skipped": sum(case.kind == "skipped" for case in cases),
    }
    attributes = {key: str(count) for key, count in counts.items()} | {"time": f"{_end(timeline):.3f}"}
    root = Xml.Element("testsuites", {"name": "ephemeral", **attributes})
    moment = f"{timeline.started_at:%Y-%m-%dT%H:%M:%S}"
    suite = Xml.SubElement(root, "testsuite", {"name": clean(name), "timestamp": moment, **attributes})
    for case in cases:
        suite.append(_element(name, case))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _phases(timeline: Timeline, failure: Failure | None) -> Iterator[_Case]:
    phases = sorted(timeline.phases, key=lambda phase: (phase.begin, -phase.seconds))
    failed = [phase for phase in phases if phase.failed]
    first = min(failed, key=lambda phase: phase.begin + phase.seconds, default=None)
    for phase in phases:
        if phase is first and failure:
            yield _failed(phase.title, phase.seconds, failure)
        elif phase.failed:
            yield _Case(group="phase", name=phase.title, seconds=phase.seconds, kind="error", message="failed")
        else:
            yield _Case(group="phase", name=phase.title, seconds=phase.seconds)
    if failure and not failed:
        yield _failed(_PROLOGUE, 0.0, failure)


def _workloads(timeline: Timeline) -> Iterator[_Case]:
    kinds = {"ready": "", "failed": "failure", "pending": "skipped"}  # whether it would have become ready is unknown
    for each in timeline.workloads.values():
        kind = kinds[each.readiness]
        yield _Case(group="workload", name=each.title, seconds=each.seconds, kind=kind, message=each.text)


def _failed(name: str, seconds: float, failure: Failure) -> _Case:
    text = failure.words + (f"\nWhat to do: {failure.hint}" if failure.hint else "")
    return _Case(
        group="phase", name=name, seconds=seconds, kind="error", message=failure.headline, text=text, slug=failure.slug
    )


def _element(environment: str, case: _Case) -> Xml.Element:
    classname = f"{environment}.{case.group}"
    attributes = {"classname": clean(classname), "name": clean(case.name), "time": f"{case.seconds:.3f}"}
    element = Xml.Element("testcase", attributes)
    if case.kind:
        ending = Xml.SubElement(element, case.kind, {"message": clean(case.message)})
        if case.kind != "skipped":
            ending.set("type", case.slug or "not-ready")
            ending.text = clean(case.text or case.message)
    return element


def _end(timeline: Timeline) -> float:
    return max((phase.begin + phase.seconds for phase in timeline.phases), default=0.0)
