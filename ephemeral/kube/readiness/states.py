"""The state of every workload of a cluster, in a few words each: for people who look, not for waits."""

from datetime import UTC, datetime

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import subject
from ephemeral.kube.readiness.judge import judge
from ephemeral.kube.readiness.world import World

_WORKLOADS = (("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job"))


def workload_states(kube: Kube) -> dict[str, str]:
    """``Deployment default/web`` -> ``2/2 ready``, for every workload in every namespace."""
    world = World.look(kube, _WORKLOADS, since=datetime.fromtimestamp(0, UTC))
    items = [item for kind in _WORKLOADS for item in kube.list(*kind)]
    return {subject(item): judge(item, world.scene(item)).text for item in items}
