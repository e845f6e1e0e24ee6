"""Load balancers in an environment that may have no node ports."""

from collections.abc import Iterable
from dataclasses import replace

from ephemeral.kube.objects import Manifest, Object, group_of
from ephemeral.spec.presets import Policy
from ephemeral.spec.quantities import parse_quantity


def without_node_ports(manifests: Iterable[Manifest], policy: Policy) -> list[Manifest]:
    """Ask for no node ports where a LoadBalancer Service would get them only because that is Kubernetes' default.

    The preset allows a load balancer but no node port, which would open the environment on every node. A Service that
    states what it wants keeps it, and is refused.
    """
    allowed = policy.quota.get("services.nodeports")
    if allowed is None or parse_quantity(allowed) > 0:
        return list(manifests)
    return [replace(item, object=_adapted(item.object)) if _by_default(item.object) else item for item in manifests]


def _by_default(item: Object) -> bool:
    spec = item.get("spec") or {}
    is_balancer = (group_of(item), item["kind"], spec.get("type")) == ("", "Service", "LoadBalancer")
    return (
        is_balancer
        and "allocateLoadBalancerNodePorts" not in spec
        and not any(port.get("nodePort") for port in spec.get("ports") or ())
    )


def _adapted(item: Object) -> Object:
    return {**item, "spec": {**item["spec"], "allocateLoadBalancerNodePorts": False}}
