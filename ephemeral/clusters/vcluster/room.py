"""How much room a host has for one more environment: the quota of its namespace, else what the nodes have left."""

from collections.abc import Iterable
from decimal import Decimal

from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.clusters.vcluster.values import CONTROL_PLANE, COREDNS
from ephemeral.kube.objects import Object
from ephemeral.spec.quantities import format_quantity, parse_quantity

_RESOURCES = ("cpu", "memory")
_ENDED = ("Succeeded", "Failed")


def find_room(host: HostCluster) -> tuple[bool, str]:
    """Whether an environment's control plane fits, in words. Raises ApiError for who may not look."""
    return _in_namespace(host) if host.namespace else _on_nodes(host)


def least(side: str, resource: str) -> Decimal:
    """What the control plane and CoreDNS take together."""
    return sum((parse_quantity(each[side][resource]) for each in (CONTROL_PLANE, COREDNS)), Decimal())


def _in_namespace(host: HostCluster) -> tuple[bool, str]:
    quotas = host.kube.list("v1", "ResourceQuota", namespace=host.namespace)
    short = [words for quota in quotas for words in _short(quota)]
    if short:
        return False, f"namespace {host.namespace} is too full for a control plane: {', '.join(short)}"
    return True, f"the quota of namespace {host.namespace} has it" if quotas else f"{host.namespace} has no quota"


def _short(quota: Object) -> Iterable[str]:
    status = quota.get("status") or {}
    for name, hard in (status.get("hard") or {}).items():
        side, _, resource = name.partition(".")
        if side not in ("requests", "limits") or resource not in _RESOURCES:
            continue
        free = parse_quantity(hard) - parse_quantity((status.get("used") or {}).get(name, "0"))
        if free < least(side, resource):
            yield f"{name} {format_quantity(free)} left, but it takes {format_quantity(least(side, resource))}"


def _on_nodes(host: HostCluster) -> tuple[bool, str]:
    """Requests alone decide whether a pod is scheduled."""
    nodes = [each for each in host.kube.list("v1", "Node") if not each["spec"].get("unschedulable")]
    pods = host.kube.list("v1", "Pod")
    fit = 0
    for node in nodes:
        name = node["metadata"]["name"]
        there = [each for each in pods if each["spec"].get("nodeName") == name]
        running = [each for each in there if each.get("status", {}).get("phase") not in _ENDED]
        fit += min(_fits(node, running, resource) for resource in _RESOURCES)
    words = f"by requests, {fit} control planes fit on {len(nodes)} nodes (apps not counted)"
    return fit > 0, words


def _fits(node: Object, pods: Iterable[Object], resource: str) -> int:
    containers = (each for pod in pods for each in pod["spec"]["containers"])
    requests = (each.get("resources", {}).get("requests", {}).get(resource, "0") for each in containers)
    free = parse_quantity(node["status"]["allocatable"][resource]) - sum(map(parse_quantity, requests), Decimal())
    return max(0, int(free // least("requests", resource)))
