"""What vcluster made on the host of an object of the environment.

It notes the original's name on the copy (vcluster 0.36: `pkg/util/translate`).
"""

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.kube.objects import Object

_OBJECT = ("vcluster.loft.sh/object-namespace", "vcluster.loft.sh/object-name")


def copy_of_service(stamp: Stamp, namespace: str, name: str) -> Object | None:
    """The host's copy of a Service, which comes some moments after the Service was made; None before."""
    synced = stamp.host.kube.list("v1", "Service", namespace=stamp.namespace, labels=f"{naming.SYNCED}={stamp.name}")
    for each in synced:
        annotations = each["metadata"].get("annotations") or {}
        if tuple(map(annotations.get, _OBJECT)) == (namespace, name):
            return each
    return None
