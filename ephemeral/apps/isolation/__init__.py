"""The isolation policy, in force in every namespace of the app before its workloads are created."""

from collections.abc import Iterator, Mapping, Sequence

from ephemeral.apps.isolation.amounts import total
from ephemeral.apps.isolation.demand import Part, demand, standing_demand
from ephemeral.apps.isolation.force import put_in_force
from ephemeral.apps.isolation.labels import check_pod_security
from ephemeral.apps.isolation.namespaces import is_namespace, namespaces_of, without_namespace
from ephemeral.apps.isolation.nodeports import without_node_ports
from ephemeral.apps.isolation.objects import MANAGED, NAME, isolation_objects
from ephemeral.apps.isolation.quota import canonical
from ephemeral.kube.apply import apply_all
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object
from ephemeral.spec.presets import Policy
from ephemeral.spec.quantities import parse_quantity
from ephemeral.waiting import Deadline

__all__ = ["isolate", "isolation_objects"]


def isolate(kube: Kube, policy: Policy, manifests: Sequence[Manifest], *, deadline: Deadline) -> list[Manifest]:
    """Create the app's namespaces and put quota, limits and network rules into each, and into ``default``.

    Returns the manifests as they are to be applied: see `without_node_ports`.

    The quota is a total: namespaces share it by what the manifests will take there. Namespaces of earlier deployments
    keep what they use. Namespaces that are made later by other means get no such objects.

    Raises, before anything is sent, PolicyError when a Namespace asks for less Pod Security and SpecError when the app
    takes more than the quota; ApplyError.
    """
    check_pod_security(manifests, policy)
    manifests = without_node_ports(manifests, policy)
    living = _living_namespaces(kube)
    quotas = {name: each for each in _own_quotas(kube) if (name := each["metadata"]["namespace"]) in living}
    namespaces = list(dict.fromkeys([*namespaces_of(manifests), *sorted(quotas)]))
    parts = [*map(standing_demand, namespaces), *demand(manifests, policy, nodes=_nodes(kube, manifests))]
    parts += list(_used_besides(quotas, parts))
    isolation = isolation_objects(policy, namespaces, parts)
    applied = apply_all(
        kube,
        [
            *(each for each in manifests if is_namespace(each)),
            *without_namespace(manifests, living),
            *(Manifest(object=each, origin="isolation policy") for each in isolation),
        ],
        deadline=deadline,
    )
    put_in_force(kube, [each for each in applied if each["kind"] == "ResourceQuota"], deadline=deadline)
    return manifests


def _living_namespaces(kube: Kube) -> set[str]:
    """The namespaces there are, without those on their way out: what they use is coming back."""
    found = (each["metadata"] for each in kube.list("v1", "Namespace"))
    return {each["name"] for each in found if not each.get("deletionTimestamp")}


def _own_quotas(kube: Kube) -> list[Object]:
    labels = ",".join(f"{key}={value}" for key, value in MANAGED.items())
    return kube.list("v1", "ResourceQuota", labels=labels, fields=f"metadata.name={NAME}")


def _nodes(kube: Kube, manifests: Sequence[Manifest]) -> int:
    """How many nodes there are; only DaemonSets need to know."""
    if not any(each.object["kind"] == "DaemonSet" for each in manifests):
        return 1
    return len(kube.list("v1", "Node")) or 1


def _used_besides(quotas: Mapping[str, Object], parts: Sequence[Part]) -> Iterator[Part]:
    """What namespaces use beyond what these manifests explain: earlier deployments, and what tests create."""
    for namespace, quota in quotas.items():
        explained = total(part.amounts for part in parts if part.namespace == namespace)
        used = {canonical(name): parse_quantity(each) for name, each in _used(quota).items()}
        more = {name: amount - explained[name] for name, amount in used.items() if amount > explained[name]}
        yield Part(subject=f"already in {namespace}", namespace=namespace, amounts=more)


def _used(quota: Object) -> Mapping[str, str]:
    return (quota.get("status") or {}).get("used") or {}
