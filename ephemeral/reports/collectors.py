"""What an API server is asked for a report."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from ephemeral.kube.client import Kube
from ephemeral.kube.events import Event, list_events
from ephemeral.kube.logs import log_lines
from ephemeral.kube.objects import Object
from ephemeral.kube.readiness.states import workload_states
from ephemeral.reports.evidence import Missing, attempt

#: No Secrets: a bundle is for everybody who may read the pipeline.
_KINDS = (
    ("v1", "Namespace"), ("v1", "Node"), ("v1", "Service"), ("v1", "ConfigMap"), ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"), ("batch/v1", "Job"), ("v1", "Pod"),
)  # fmt: skip
LAST_LINES = 2000


class PodRow(NamedTuple):
    """A row of ``kubectl get pods -A -o wide``, with the reason of what is not ready."""

    namespace: str
    name: str
    ready: str
    status: str
    restarts: str
    age: str
    ip: str
    node: str
    why: str


def events(kube: Kube) -> list[Event]:
    """All events, oldest first."""
    return list_events(kube)


def workloads(kube: Kube) -> dict[str, str]:
    """The state of every workload."""
    return workload_states(kube)


def objects(kube: Kube) -> str:
    """The objects that explain the others, as YAML documents."""
    import yaml

    items = [item for kind in _KINDS for item in kube.list(*kind)]
    for item in items:
        item["metadata"].pop("managedFields", None)
    return yaml.dump_all(items, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


def pods(kube: Kube) -> list[PodRow]:
    """A row for each pod."""
    now = datetime.now(UTC)
    return [_pod_row(pod, now) for pod in kube.list("v1", "Pod")]


def collect_logs(kube: Kube, logs: dict[str, str]) -> str:
    """Put the log of each container that ran into ``logs``, as they come; say how many there are."""
    runs = [(pod, *run) for pod in kube.list("v1", "Pod") for run in _runs(pod)]
    for pod, container, previous in runs:
        folder = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        path = f"{folder}/{container}{'.previous' if previous else ''}.log"
        found = attempt(partial(_log, kube, pod, container, previous=previous))
        logs[path] = f"{found.reason}\n" if isinstance(found, Missing) else found
    return f"{len(runs)} logs of containers that ran, the last {LAST_LINES} lines of each."


def _log(kube: Kube, pod: Object, container: str, *, previous: bool) -> str:
    lines = log_lines(kube, [pod], container=container, tail=LAST_LINES, previous=previous)
    return "".join(f"{line.text}\n" for line in lines)


def _runs(pod: Object) -> Iterator[tuple[str, bool]]:
    """Containers that have run, and whether it is the run before the last restart that is meant."""
    for each in _container_statuses(pod.get("status") or {}):
        if each.get("restartCount"):
            yield each["name"], True
        if each.get("restartCount") or {"running", "terminated"} & set(each.get("state") or {}):
            yield each["name"], False


def _container_statuses(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _pod_row(pod: Object, now: datetime) -> PodRow:
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    reasons = list(dict.fromkeys(_reasons(status)))
    return PodRow(
        namespace=metadata["namespace"],
        name=metadata["name"],
        ready=f"{sum(bool(each.get('ready')) for each in containers)}/{len(spec['containers'])}",
        status="Terminating" if metadata.get("deletionTimestamp") else status.get("phase") or "-",
        restarts=str(sum(each.get("restartCount", 0) for each in containers)),
        age=_age(metadata.get("creationTimestamp"), now),
        ip=status.get("podIP") or "-",
        node=spec.get("nodeName") or "-",
        why="; ".join(reasons),
    )


def _reasons(status: Mapping[str, Any]) -> Iterator[str]:
    """Why the pod is where it is, why containers don't run, and the messages of conditions that don't hold."""
    if status.get("reason"):
        yield status["reason"]
    for each in _container_statuses(status):
        for state in (each.get("state") or {}).values():
            if "reason" in state:
                yield state["reason"]
    for condition in status.get("conditions") or ():
        if condition.get("status") == "False" and condition.get("message"):
            yield condition["message"]


def _age(created: str | None, now: datetime) -> str:
    if not created:
        return "-"
    seconds = int((now - datetime.fromisoformat(created)).total_seconds())
    return f"{seconds}s" if seconds < 120 else f"{seconds // 60}m"
