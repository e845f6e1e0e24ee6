"""What there is to know about an environment: gathered while it is there, for whoever reads of it later.

Whatever fails or does not answer leaves its reason in its place, and all questions to a cluster together have ten
seconds: a dead API server must not delay the teardown. Secrets are never read.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ephemeral.reports.failure import Failure
from ephemeral.reports.timeline import Timeline
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.events import Event
    from ephemeral.reports.collectors import PodRow
    from ephemeral.reports.html import Section

Value = TypeVar("Value")

_SECONDS = 10.0
_NO_LOGS = "Nodes are simulated: nothing runs in their pods, so there are no logs."


class Subject(Protocol):
    """What a report needs of an environment."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def kube(self) -> "Kube":
        """A client of its API."""
        ...

    @property
    def timeline(self) -> Timeline:
        """Its phases so far."""
        ...

    @property
    def sections(self) -> "Sequence[Section]":
        """What its page shows besides what every environment has."""
        ...

    def describe(self) -> dict[str, Any]:
        """Its state as plain values."""
        ...

    def diagnose(self) -> str:
        """Why its cluster is not well."""
        ...

    def component_logs(self) -> Mapping[str, Path]:
        """Logs of the cluster's own programs."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands in place of what could not be gathered, and says why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """What needs no question to the API server.

    ``verdict`` is one, or the state of an environment that nobody has judged; ``failure`` is None when nothing failed.
    """

    name: str
    verdict: str
    failure: Failure | None
    timeline: Timeline
    sections: "Sequence[Section]"
    facts: Mapping[str, Any] | Missing
    diagnosis: str | Missing
    components: Mapping[str, Path] | Missing

    @property
    def is_dead(self) -> bool:
        """Whether the cluster can't answer; unknown is worth a try."""
        return isinstance(self.diagnosis, str) and bool(self.diagnosis)

    @property
    def runs_pods(self) -> bool:
        """Whether there may be logs."""
        return isinstance(self.facts, Missing) or self.facts.get("nodes") != "simulated"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the API server said. ``logs`` are by path: namespace/pod/container.log."""

    events: "list[Event] | Missing"
    pods: "list[PodRow] | Missing"
    workloads: Mapping[str, str] | Missing
    objects: str | Missing
    logs: Mapping[str, str]
    about_logs: str | Missing


def look(environment: Subject, error: BaseException | None, verdict: str = "") -> Known:
    """Take down what is known about an environment. Never raises."""
    facts = attempt(environment.describe)
    state = "unknown" if isinstance(facts, Missing) else str(facts.get("state", "unknown"))
    return Known(
        name=environment.name,
        verdict=verdict or ("fail" if error else state),
        failure=Failure.of(error) if error else None,
        timeline=environment.timeline,
        sections=tuple(environment.sections),
        facts=facts,
        diagnosis=attempt(environment.diagnose),
        components=attempt(environment.component_logs),
    )


def ask(environment: Subject, *, runs_pods: bool) -> Answers:
    """Ask the API server several things at a time. Never raises; who has no answer in time is not waited for."""
    from ephemeral.reports import collectors

    logs: dict[str, str] = {}
    questions: dict[str, Callable[[], Any]] = {
        "events": lambda: collectors.events(environment.kube),
        "pods": lambda: collectors.pods(environment.kube),
        "workloads": lambda: collectors.workloads(environment.kube),
        "objects": lambda: collectors.objects(environment.kube),
        "about_logs": lambda: collectors.collect_logs(environment.kube, logs) if runs_pods else _NO_LOGS,
    }
    answers = _all_at_once(questions)
    return Answers(logs=dict(logs), **answers)  # a copy: logs that come late are in nobody's way


def attempt(collect: Callable[[], Value]) -> Value | Missing:
    """What a collector found, or why it found nothing: whatever it is, one collector's failure is its own."""
    try:
        return collect()
    except Exception as failure:
        return Missing(f"could not be gathered: {type(failure).__name__}: {failure}")


def _all_at_once(questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Daemon threads, because a pool's would be waited for when this process ends."""
    answers: dict[str, Any] = {}
    threads = [
        threading.Thread(target=lambda n=name, q=question: answers.update({n: attempt(q)}), daemon=True)
        for name, question in questions.items()
    ]
    for thread in threads:
        thread.start()
    deadline = Deadline(_SECONDS)
    for thread in threads:
        thread.join(deadline.remaining())
    late = Missing(f"could not be gathered: no answer within {_SECONDS:g} s")
    return dict.fromkeys(questions, late) | dict(answers)
