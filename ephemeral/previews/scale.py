"""How many pods the candidate has."""

from ephemeral.kube.client import Kube
from ephemeral.kube.readiness.waits import wait_ready
from ephemeral.waiting import Deadline

_READY_SECONDS = 120.0


def scale(kube: Kube, deployment: str, namespace: str, replicas: int) -> None:
    """Give a Deployment so many pods, and return once they are ready. Raises WorkloadError, WaitError."""
    changed = kube.patch("apps/v1", "Deployment", deployment, {"spec": {"replicas": replicas}}, namespace=namespace)
    item = {"apiVersion": "apps/v1", "kind": "Deployment", **changed}
    wait_ready(kube, [item], deadline=Deadline(_READY_SECONDS))
