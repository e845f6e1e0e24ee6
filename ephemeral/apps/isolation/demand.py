"""What an app's manifests will take out of a ResourceQuota, computed before anything is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ephemeral.apps.isolation.amounts import Amounts, pieces, times, total
from ephemeral.apps.isolation.podsize import pod_size
from ephemeral.apps.podspecs import pod_spec
from ephemeral.kube.objects import Manifest, Object, group_of
from ephemeral.spec.presets import Policy
from ephemeral.spec.quantities import parse_quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one object takes."""

    subject: str
    namespace: str
    amounts: Amounts


def demand(manifests: Iterable[Manifest], policy: Policy, *, nodes: int = 1) -> list[Part]:
    """What each object takes; ``nodes`` is how many a DaemonSet runs on.

    What rollouts and autoscaling add for a while is not foreseen: it comes out of what is left.
    """
    return [
        Part(
            subject=_name(item.object),
            namespace=item.object["metadata"].get("namespace") or item.namespace,
            amounts=total(_amounts(item.object, policy, nodes)),
        )
        for item in manifests
    ]


def standing_demand(namespace: str) -> Part:
    """What Kubernetes itself puts into a namespace: a ConfigMap, and into ``default`` its own Service."""
    names = ["configmaps", "count/configmaps"]
    if namespace == "default":
        names += ["services", "count/services", "count/endpoints"]
    return Part(subject="Kubernetes", namespace=namespace, amounts=pieces(*names))


def _name(item: Object) -> str:
    metadata = item["metadata"]
    return f"{item['kind']} {metadata.get('name') or metadata['generateName']}"


def _amounts(item: Object, policy: Policy, nodes: int) -> Iterator[Amounts]:
    yield pieces(*_counted_as(item))
    if item["kind"] == "PersistentVolumeClaim":
        yield _storage(item)
    pod = pod_spec(item)
    if pod is None or item["kind"] == "PodTemplate":
        return
    pods = _pods(item, nodes)
    yield times(total([pieces("pods", "count/pods"), pod_size(pod, policy)]), pods)
    for claim in item["spec"].get("volumeClaimTemplates") or ():
        yield times(total([pieces("persistentvolumeclaims", "count/persistentvolumeclaims"), _storage(claim)]), pods)


def _counted_as(item: Object) -> Iterator[str]:
    """The quota names that count this object."""
    group, plural = group_of(item), _plural(item["kind"].lower())
    if item["kind"] == "Pod":
        return
    yield f"count/{plural}.{group}" if group else f"count/{plural}"
    if not group:
        yield plural
    if (group, plural) == ("", "services"):
        yield from _counted_service(item["spec"])


def _counted_service(spec: Object) -> Iterator[str]:
    kind = spec.get("type", "ClusterIP")
    if kind != "ExternalName":
        yield "count/endpoints"
    if kind == "LoadBalancer":
        yield "services.loadbalancers"
    if kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)):
        yield from ["services.nodeports"] * len(spec.get("ports") or ())


def _plural(kind: str) -> str:
    """The plural that Kubernetes' own kinds have."""
    if kind.endswith(("s", "x", "ch")):
        return kind if kind == "endpoints" else f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") and kind[-2] not in "aeiou" else f"{kind}s"


def _storage(claim: Object) -> Amounts:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return {"requests.storage": parse_quantity(str(requests.get("storage", 0)))}


def _pods(item: Object, nodes: int) -> int:
    """How many pods an object asks for."""
    spec = item["spec"]
    match item["kind"]:
        case "Pod":
            return 1
        case "DaemonSet":
            return nodes
        case "CronJob":
            return _pods({"kind": "Job", "spec": spec["jobTemplate"]["spec"]}, nodes)
        case "Job":
            parallel = int(spec.get("parallelism", 1))
            return min(parallel, int(spec["completions"])) if spec.get("completions") else parallel
        case _:
            return int(spec.get("replicas", 1))
