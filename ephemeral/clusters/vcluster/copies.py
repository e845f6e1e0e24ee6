"""What vcluster made on the host of an object of the environment.

It notes the original's name on the copy (vcluster 0.36: `pkg/util/translate`).
"""

from ephemeral.clusters.vcluster.stamp import Stamp

_NAME, _NAMESPACE = "vcluster.loft.sh/object-name", "vcluster.loft.sh/object-namespace"


def copy_of_service(stamp: Stamp, namespace: str, name: str) -> str:
    """The name of the host's copy of a Service; empty when there is none yet."""
    for item in stamp.host.kube.list("v1", "Service", namespace=stamp.namespace):
        annotations = item["metadata"].get("annotations") or {}
        if (annotations.get(_NAMESPACE), annotations.get(_NAME)) == (namespace, name):
            return str(item["metadata"]["name"])
    return ""
