"""`ephemeral doctor --host`: what a host is, whether it takes environments, and what could not be told.

Nothing is created there but reviews of access, which nobody keeps.
"""

from collections.abc import Callable, Iterator, Sequence

from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.clusters.vcluster.rights import Right
from ephemeral.clusters.vcluster.room import find_room
from ephemeral.errors import EphemeralError
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.tools.doctor import Finding
from ephemeral.tools.vcluster import vcluster_release

#: Older ones lack what the chart makes use of: `pod-security` labels and, with `--kubernetes`, its own versions' skew.
OLDEST = (1, 28)
#: API groups that a pod network brings with it, and whether it enforces NetworkPolicies.
_NETWORKS = {
    "cilium.io": "Cilium",
    "crd.projectcalico.org": "Calico",
    "projectcalico.org": "Calico",
    "crd.antrea.io": "Antrea",
    "k8s.ovn.org": "OVN-Kubernetes",
    "kubeovn.io": "Kube-OVN",
}
_MOST_NAMED = 8


def check_host(host: HostCluster, missing: Sequence[Right]) -> Iterator[Finding]:
    """Yield what is found; ``missing`` are rights that it takes. Raises ClusterError when there is no such host."""
    where = host.context or str(host.kubeconfig)
    yield _version(host, where)
    yield _rights(host, missing)
    for subject, look in (("host's room", find_room), ("network rules", _network), ("images", _images)):
        yield _told(subject, look, host)


def _version(host: HostCluster, where: str) -> Finding:
    answer = host.kube.transport.request("GET", "/version").json()
    numbers = tuple(int("".join(filter(str.isdigit, answer[key])) or 0) for key in ("major", "minor"))
    good = numbers >= OLDEST
    old = "" if good else f"; too old: {'.'.join(map(str, OLDEST))} is the oldest that takes environments"
    return Finding(subject="host", good=good, text=f"{where}: Kubernetes {answer['gitVersion']}{old}")


def _rights(host: HostCluster, missing: Sequence[Right]) -> Finding:
    mode = f"in namespace {host.namespace}" if host.namespace else "to make a namespace per environment"
    if not missing:
        return Finding(subject="rights", good=True, text=f"all that it takes {mode}")
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    text = f"missing {mode}: {', '.join(map(str, missing[:_MOST_NAMED]))}{more}"
    return Finding(subject="rights", good=False, text=text)


def _told(subject: str, look: Callable[[HostCluster], tuple[bool, str]], host: HostCluster) -> Finding:
    try:
        good, text = look(host)
    except ApiError as error:
        return Finding(subject=subject, good=True, text=f"unknown: {error.message}")
    except EphemeralError as error:
        return Finding(subject=subject, good=False, text=error.message)
    return Finding(subject=subject, good=good, text=text)


def _network(host: HostCluster) -> tuple[bool, str]:
    """What is installed can be seen, what it does only from inside."""
    groups = {each.api_version.rpartition("/")[0] for each in host.kube.discovery.kinds()}
    found = sorted({name for group, name in _NETWORKS.items() if group in groups})
    proof = "`ephemeral verify isolation` proves it from inside an environment"
    if found:
        return True, f"enforced by {', '.join(found)}, unless switched off; {proof}"
    return True, f"unknown: no pod network that is known to enforce NetworkPolicies shows; {proof}"


def _images(host: HostCluster) -> tuple[bool, str]:
    """Kubelet tells the images that a node has, its 50 largest; whether it can pull others only a pod shows."""
    release = vcluster_release()
    wanted = {
        f"{release.image}:{release.version}": "vcluster",
        f"{release.kubernetes_image}:v{release.kubernetes[0]}": "its Kubernetes",
    }
    nodes = host.kube.list("v1", "Node")
    words = []
    for image, title in wanted.items():
        having = sum(_has(node, image) for node in nodes)
        words.append(f"{title} on {having} of {len(nodes)} nodes")
    rest = "" if all(_has(node, image) for node in nodes for image in wanted) else "; the others pull it at first"
    return True, f"{', '.join(words)}{rest}"


def _has(node: Object, image: str) -> bool:
    names = (name for each in node.get("status", {}).get("images") or () for name in each.get("names") or ())
    return any(name.endswith(image) for name in names)
