"""Where virtual clusters come from: the Provider protocol and its implementations."""

from typing import TYPE_CHECKING

from ephemeral.clusters.provider import Cluster, Provider
from ephemeral.clusters.where import provider_of_name

if TYPE_CHECKING:
    from ephemeral.spec.model import Cluster as ClusterSpec

__all__ = ["Cluster", "Provider", "provider_for", "provider_of_name"]


def provider_for(cluster: "ClusterSpec") -> Provider:
    """The provider that a spec asks for."""
    if cluster.provider == "local":
        from ephemeral.clusters.local import LocalProvider

        return LocalProvider()
    from ephemeral.clusters.vcluster import VclusterProvider
    from ephemeral.clusters.vcluster.host import host_of

    return VclusterProvider(host_of(cluster.host), server=cluster.host.server, ingress=cluster.host.ingress)
