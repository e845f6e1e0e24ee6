"""What environments take on their host now: from the metrics API, else from what each kubelet measures itself."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.kube.objects import Object
from ephemeral.kube.transport import CONNECTIONS, ApiError
from ephemeral.spec.quantities import parse_quantity

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube

_METRICS = "metrics.k8s.io/v1beta1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Of one namespace: pods, cores in use (0.052), and their working set in bytes."""

    pods: int = 0
    cores: float = 0.0
    memory_bytes: int = 0

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            pods=self.pods + other.pods,
            cores=self.cores + other.cores,
            memory_bytes=self.memory_bytes + other.memory_bytes,
        )


def usage_by_namespace(kube: "Kube", namespace: str = "") -> dict[str, Usage]:
    """What the pods of every namespace (or of one) take; empty when nobody here may ask, or nobody measures."""
    try:
        found = list(
            _of_metrics(kube, namespace) if kube.discovery.find(_METRICS, "PodMetrics") else _of_kubelets(kube)
        )
    except ApiError:
        return {}
    total: dict[str, Usage] = {}
    for place, usage in found:
        if namespace in ("", place):
            total[place] = total.get(place, Usage()).plus(usage)
    return total


def _of_metrics(kube: "Kube", namespace: str) -> Iterator[tuple[str, Usage]]:
    for item in kube.list(_METRICS, "PodMetrics", namespace=namespace or None):
        used = [each["usage"] for each in item["containers"]]
        cores, memory = (sum(parse_quantity(each[key]) for each in used) for key in ("cpu", "memory"))
        yield item["metadata"]["namespace"], Usage(pods=1, cores=float(cores), memory_bytes=int(memory))


def _of_kubelets(kube: "Kube") -> Iterable[tuple[str, Usage]]:
    """`/stats/summary`, by way of the API server (right: `get` of `nodes/proxy`)."""
    names = [node["metadata"]["name"] for node in kube.list("v1", "Node")]

    def ask(name: str) -> list[Object]:
        path = f"/api/v1/nodes/{name}/proxy/stats/summary"
        pods: list[Object] = kube.transport.request("GET", path).json()["pods"]
        return pods

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [_of_pod(each) for pods in pool.map(ask, names) for each in pods]


def _of_pod(pod: Object) -> tuple[str, Usage]:
    cores = pod.get("cpu", {}).get("usageNanoCores", 0) / 1e9
    return pod["podRef"]["namespace"], Usage(
        pods=1, cores=cores, memory_bytes=pod.get("memory", {}).get("workingSetBytes", 0)
    )
