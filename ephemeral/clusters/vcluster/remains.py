"""What is left of an environment on the host: listed by name, so that "nothing" is a proof."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.kube.discovery import Resource
from ephemeral.kube.objects import Object, subject
from ephemeral.kube.transport import CONNECTIONS, ApiError

#: Events are records, and no objects of anybody.
_NOBODYS = {"Event"}
#: Of cluster-scoped kinds only these can come from vcluster (`pkg/util/translate`, chart/templates, 0.36).
_CLUSTER_KINDS = (
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("v1", "PersistentVolume"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
)
_FORBIDDEN, _NOT_FOUND, _NO_METHOD = 403, 404, 405


def namespaced_kinds(host: HostCluster) -> list[Resource]:
    """Every namespaced kind of the host, in one version each."""
    kinds: dict[tuple[str, str], Resource] = {}
    for each in host.kube.discovery.kinds():
        group = each.api_version.rpartition("/")[0]
        if each.namespaced and each.kind not in _NOBODYS:
            kinds.setdefault((group, each.kind), each)
    return list(kinds.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The objects of a namespace, and the kinds that may not be listed."""

    items: list[Object]
    unseen: list[Resource]


def look_into(host: HostCluster, namespace: str, *, labels: str = "") -> Contents:
    """List everything in a namespace; ``labels`` is a selector."""
    kinds = namespaced_kinds(host)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        found = list(pool.map(lambda kind: _listed(host, kind, namespace, labels), kinds))
    items = [item for listed in found for item in listed or ()]
    return Contents(items=items, unseen=[kind for kind, listed in zip(kinds, found, strict=True) if listed is None])


def path_of(host: HostCluster, api_version: str, kind: str, namespace: str) -> str:
    """URL path of a namespace's objects of a kind."""
    resource = host.kube.discovery.find(api_version, kind)
    assert resource, "it was listed a moment ago"
    return resource.path(namespace)


def left_of(host: HostCluster, name: str) -> list[Object]:
    """Everything that is there of an environment, which after its end must be nothing; not the stamp itself."""
    namespace = host.namespace or naming.namespace_of(name)
    inside = look_into(host, namespace, labels=f"{naming.SYNCED}={name}" if host.namespace else "").items
    return [*inside, *cluster_scoped(host, name, namespace)]


def cluster_scoped(host: HostCluster, name: str, namespace: str) -> list[Object]:
    """Cluster-scoped objects that belong to an environment: synced ones, and the chart's roles."""
    found = []
    for version, kind in _CLUSTER_KINDS:
        for selector in (f"{naming.SYNCED}={namespace}-x-{name}", f"app=vcluster,release={name}"):
            found += [each for each in _visible(host, version, kind, selector) if _belongs(each, name, namespace)]
    return found


def orphaned(host: HostCluster) -> Iterator[tuple[str, str, Object]]:
    """Cluster-scoped objects of environments whose namespace is gone: name, namespace, object."""
    if host.namespace:
        return
    living = {each["metadata"]["name"] for each in host.kube.list("v1", "Namespace", labels=naming.SELECTOR)}
    for version, kind in _CLUSTER_KINDS:
        for item in _visible(host, version, kind, naming.SYNCED):
            namespace, _, name = item["metadata"]["labels"][naming.SYNCED].rpartition("-x-")
            if namespace == naming.namespace_of(name) and namespace not in living:
                yield name, namespace, item


def remove_orphans(host: HostCluster, name: str) -> None:
    """Delete what `orphaned` finds of one environment. Raises ApiError."""
    for owner, _, item in orphaned(host):
        if owner == name:
            host.kube.delete(item["apiVersion"], item["kind"], item["metadata"]["name"])


def names_of(items: list[Object], most: int = 12) -> str:
    """Objects in one sentence."""
    words = [subject(each) for each in items[:most]]
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(words) + more


def _visible(host: HostCluster, version: str, kind: str, selector: str) -> list[Object]:
    """Who may not list a kind can't have created any of it either."""
    try:
        return host.kube.list(version, kind, labels=selector)
    except ApiError as error:
        if error.status in (_FORBIDDEN, _NOT_FOUND):
            return []
        raise


def _belongs(item: Object, name: str, namespace: str) -> bool:
    """The chart's roles have the release's name as a label, which another namespace's release may have as well."""
    labels = item["metadata"].get("labels") or {}
    if naming.SYNCED in labels:
        return True
    prefix = f"vc-{name}-v-{namespace}"[:63].rstrip("-")
    return str(item["metadata"]["name"]).startswith(prefix)


def _listed(host: HostCluster, kind: Resource, namespace: str, labels: str) -> list[Object] | None:
    """None: not to be seen; kinds that can't be listed at all (reviews) hold nothing."""
    try:
        return host.kube.list(kind.api_version, kind.kind, namespace=namespace, labels=labels)
    except ApiError as error:
        if error.status == _FORBIDDEN:
            return None
        if error.status in (_NOT_FOUND, _NO_METHOD):
            return []
        raise
