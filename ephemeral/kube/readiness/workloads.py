"""Judging what owns pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs."""

from typing import Any

from ephemeral.kube.objects import Object, condition
from ephemeral.kube.readiness.pods import refusal, trouble
from ephemeral.kube.readiness.verdict import Scene, Verdict, failed, pending, ready


def deployment(item: Object, scene: Scene) -> Verdict:
    """Ready when every replica is of the newest template and available, and no old one is left."""
    status, wanted = _status(item), _replicas(item)
    available, updated = status.get("availableReplicas", 0), status.get("updatedReplicas", 0)
    text = f"{available}/{wanted} ready"
    if _is_stale(item):
        return pending("not seen by its controller yet")
    if item["spec"].get("paused"):
        return ready("paused")
    if updated >= wanted and status.get("replicas", 0) <= updated and available >= wanted:
        return ready(text)
    if verdict := _trouble(text, scene, short=len(scene.pods) < wanted):
        return verdict
    if condition(item, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        limit = item["spec"].get("progressDeadlineSeconds", 600)
        hint = "do the readiness probes pass? `ephemeral logs` shows what the pods say"
        return failed(f"{text}: no progress within {limit} s", hint=hint, pod=next(iter(scene.pods), None))
    return pending(text if updated >= wanted else f"{text}, {updated} of the newest template")


def replica_set(item: Object, scene: Scene) -> Verdict:
    """Ready when every replica is available."""
    wanted = _replicas(item)
    available = _status(item).get("availableReplicas", 0)
    return _counted(item, scene, available, wanted, short=len(scene.pods) < wanted)


def stateful_set(item: Object, scene: Scene) -> Verdict:
    """Ready when every replica is available and the rollout is through, as far as its partition lets it."""
    status, wanted = _status(item), _replicas(item)
    strategy = item["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    rolled_out = strategy.get("type") == "OnDelete" or (
        status.get("updateRevision") == status.get("currentRevision")
        or status.get("updatedReplicas", 0) >= max(0, wanted - partition)
    )
    # Older servers do not count availability, which is readiness that lasted.
    available = status.get("availableReplicas", status.get("readyReplicas", 0)) if rolled_out else 0
    return _counted(item, scene, available, wanted, short=len(scene.pods) < wanted)


def daemon_set(item: Object, scene: Scene) -> Verdict:
    """Ready when every node that should run it runs its newest template."""
    status = _status(item)
    wanted = status.get("desiredNumberScheduled", 0)
    available = min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0))
    return _counted(item, scene, available, wanted, short=status.get("currentNumberScheduled", 0) < wanted)


def job(item: Object, scene: Scene) -> Verdict:
    """Ready when it has completed, or is suspended on purpose."""
    status, spec = _status(item), item["spec"]
    done, wanted = status.get("succeeded", 0), spec.get("completions") or 1
    if condition(item, "Complete").get("status") == "True":
        return ready("completed")
    if spec.get("suspend"):
        return ready("suspended")
    ending = condition(item, "Failed")
    if ending.get("status") == "True":
        hint = "the log's last lines usually say why; `ephemeral logs` shows all of it"
        text = f"failed: {ending.get('reason', '')}: {ending.get('message', '')}"
        return failed(text, hint=hint, pod=_failed_pod(scene))
    text = f"{done}/{wanted} completed"
    short = len(scene.pods) < min(spec.get("parallelism", 1), wanted)
    return _trouble(text, scene, short=short, restarts_count=False) or pending(text)


def _counted(item: Object, scene: Scene, available: int, wanted: int, *, short: bool) -> Verdict:
    text = f"{available}/{wanted} ready"
    if _is_stale(item):
        return pending("not seen by its controller yet")
    if available >= wanted:
        return ready(text)
    return _trouble(text, scene, short=short) or pending(text)


def _trouble(text: str, scene: Scene, *, short: bool, restarts_count: bool = True) -> Verdict | None:
    """The reason for a failure behind the count; refusals matter only while pods are missing (``short``)."""
    verdict = refusal(scene.events, short=short) or trouble(scene, restarts_count=restarts_count)
    if verdict is None:
        return None
    return failed(f"{text}: {verdict.text}", lasting=verdict.lasting, hint=verdict.hint, pod=verdict.pod)


def _status(item: Object) -> dict[str, Any]:
    return item.get("status") or {}


def _replicas(item: Object) -> int:
    return int(item["spec"].get("replicas", 1))


def _is_stale(item: Object) -> bool:
    return bool(_status(item).get("observedGeneration", 0) < item["metadata"].get("generation", 0))


def _failed_pod(scene: Scene) -> Object | None:
    return next((each for each in scene.pods if _status(each).get("phase") == "Failed"), None)
