"""What an environment can't have where only one namespace of the host may be used: all that takes a ClusterRole.

Keys: `vcluster.createClusterRole` in chart/templates/_rbac.tpl, vcluster 0.36.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.chart_values import is_below, leaves, value_at

_CLUSTER_WIDE = (
    "controlPlane.advanced.virtualScheduler",
    "controlPlane.distro.k8s.scheduler",
    "exportKubeConfig.additionalSecrets",
    "integrations",
    "networking.replicateServices",
    "rbac.clusterRole",
    "sync.fromHost",
    "sync.toHost.customResources",
    "sync.toHost.gatewayApi",
    "sync.toHost.namespaces",
    "sync.toHost.persistentVolumes",
    "sync.toHost.pods.hybridScheduling",
    "sync.toHost.priorityClasses",
    "sync.toHost.resourceClaimTemplates",
    "sync.toHost.resourceClaims",
    "sync.toHost.storageClasses",
)
#: The one thing that comes from the host's own namespace.
_NARROW = ("sync.fromHost.events",)
_OFF: tuple[Any, ...] = (False, None, "", "false", [], {})


def check_scope(namespace: str, added: Mapping[str, Any], places: Mapping[str, str]) -> None:
    """Refuse added values that reach beyond ``namespace``. Raises SpecError that names each, and where it stands."""
    beyond = list(_beyond(added, places))
    if beyond:
        raise SpecError(
            f"{'; '.join(beyond)}: not with rights in namespace {namespace} of the host alone.",
            hint="Take these values out, or `cluster.host.namespace`: then each environment gets a namespace.",
        )


def _beyond(added: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[str]:
    for path in leaves(added):
        wide = any(is_below(path, each) for each in _CLUSTER_WIDE)
        narrow = any(is_below(path, each) for each in _NARROW)
        if wide and not narrow and value_at(added, path) not in _OFF:
            yield f"{places[path]}: {path}"
