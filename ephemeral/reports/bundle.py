"""The bundle of a failure: all that a reader needs once the environment is gone, gathered before it goes.

Every collector runs, whatever becomes of the others, and all of them together have ten seconds: a dead API server
must not delay the teardown. Secrets are never read.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ephemeral.errors import EphemeralError
from ephemeral.reports.timeline import Timeline
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube

_SECONDS = 10.0
_LOG_BYTES = 1024 * 1024
_KINDS = (
    ("v1", "Namespace"), ("v1", "Node"), ("v1", "Service"), ("v1", "ConfigMap"), ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"), ("batch/v1", "Job"),
)  # fmt: skip


class Subject(Protocol):
    """What the bundle needs of an environment."""

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

    def describe(self) -> dict[str, Any]:
        """Its state as plain values."""
        ...

    def diagnose(self) -> str:
        """Why its cluster is not well."""
        ...

    def component_logs(self) -> Mapping[str, Path]:
        """Logs of the cluster's own programs."""
        ...


def write_bundle(directory: Path, environment: Subject, error: BaseException | None) -> Path:
    """Write everything into ``directory``/NAME and return that path; what can't be gathered says why in its file.

    Raises OSError only when nothing can be written there.
    """
    folder = directory / environment.name
    folder.mkdir(parents=True, exist_ok=True)
    _summary(folder, environment, error)
    _component_logs(folder / "components", environment)
    if not _is_dead(environment):
        _ask_cluster(folder, environment)
    return folder


def _summary(folder: Path, environment: Subject, error: BaseException | None) -> None:
    words = [str(error) if error else "the command failed"]
    if isinstance(error, EphemeralError) and error.hint:
        words.append(f"hint: {error.hint}")
    words += [_gathered(environment.diagnose), ""]
    words += [_gathered(lambda: "\n".join(f"{key}: {value}" for key, value in environment.describe().items()))]
    words += ["", *(f"{phase.seconds:8.3f} s  {phase.title}" for phase in environment.timeline.phases)]
    (folder / "summary.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "timeline.json").write_text(json.dumps(environment.timeline.to_json(), indent=2), encoding="utf-8")


def _component_logs(folder: Path, environment: Subject) -> None:
    folder.mkdir(exist_ok=True)
    try:
        logs = environment.component_logs()
    except Exception as failure:
        (folder / "README.txt").write_text(_why_not(failure), encoding="utf-8")
        return
    for name, source in logs.items():
        with (folder / f"{name}.log").open("wb") as copy:
            try:
                with source.open("rb") as log:
                    log.seek(max(0, source.stat().st_size - _LOG_BYTES))
                    shutil.copyfileobj(log, copy)
            except OSError as failure:
                copy.write(_why_not(failure).encode())


def _is_dead(environment: Subject) -> bool:
    with suppress(Exception):
        return bool(environment.diagnose())
    return False  # unknown is worth a try


def _ask_cluster(folder: Path, environment: Subject) -> None:
    """Ask the API server several things at a time; who has no answer in time writes nothing any more.

    Daemon threads, because a pool's would be waited for when this process ends.
    """
    collectors: dict[str, Callable[[], str]] = {
        "events.txt": lambda: _events(environment.kube),
        "pods.txt": lambda: _pods(environment.kube),
        "workloads.txt": lambda: _workloads(environment.kube),
        "objects.json": lambda: _objects(environment.kube),
        "logs.txt": lambda: _logs(environment.kube),
    }
    answers: dict[str, str] = {}

    def ask(name: str, collector: Callable[[], str]) -> None:
        answers[name] = _gathered(collector)

    threads = {each[0]: threading.Thread(target=ask, args=each, daemon=True) for each in collectors.items()}
    for thread in threads.values():
        thread.start()
    deadline = Deadline(_SECONDS)
    for name, thread in threads.items():
        thread.join(deadline.remaining())
        text = answers.get(name, f"could not be gathered: no answer within {_SECONDS:g} s\n")
        (folder / name).write_text(text, encoding="utf-8")


def _gathered(collector: Callable[[], str]) -> str:
    """What a collector found, or why it found nothing: whatever it is, one collector's failure is its own."""
    try:
        return collector()
    except Exception as failure:
        return _why_not(failure)


def _why_not(failure: Exception) -> str:
    return f"could not be gathered: {type(failure).__name__}: {failure}\n"


def _events(kube: "Kube") -> str:
    from ephemeral.kube.events import describe, list_events

    return "".join(
        f"{event.last:%H:%M:%S} {'Warning' if event.warning else 'Normal '} {describe(event)}\n"
        for event in list_events(kube)
    )


def _workloads(kube: "Kube") -> str:
    from ephemeral.kube.readiness.states import workload_states

    return "".join(f"{subject}: {state}\n" for subject, state in workload_states(kube).items())


def _pods(kube: "Kube") -> str:
    lines = []
    for pod in kube.list("v1", "Pod"):
        metadata, status = pod["metadata"], pod.get("status", {})
        containers = status.get("containerStatuses") or []
        ready = f"{sum(entry.get('ready', False) for entry in containers)}/{len(pod['spec']['containers'])}"
        restarts = sum(entry.get("restartCount", 0) for entry in containers)
        reasons = " ".join(dict.fromkeys(_reasons(status)))
        node = pod["spec"].get("nodeName", "-")
        name = f"{metadata['namespace']}/{metadata['name']}"
        lines.append(f"{name}  {ready}  {status.get('phase')}  {restarts} restarts  {node}  {reasons}\n")
    return "".join(lines)


def _reasons(status: Mapping[str, Any]) -> Iterator[str]:
    for entry in status.get("containerStatuses") or []:
        for state in (entry.get("state") or {}).values():
            if "reason" in state:
                yield state["reason"]
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            yield condition["message"]


def _objects(kube: "Kube") -> str:
    items = [item for kind in _KINDS for item in kube.list(*kind)]
    for item in items:
        item["metadata"].pop("managedFields", None)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def _logs(kube: "Kube") -> str:
    from ephemeral.kube.logs import log_lines

    pods = kube.list("v1", "Pod")
    if not pods:
        return "there are no pods\n"
    return "".join(
        f"{line.namespace}/{line.pod}/{line.container}: {line.text}\n" for line in log_lines(kube, pods, tail=200)
    )
