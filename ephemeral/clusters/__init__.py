"""Where virtual clusters come from: the Provider protocol and its implementations."""

from ephemeral.clusters.provider import Cluster, Provider
from ephemeral.errors import ClusterError

__all__ = ["Cluster", "Provider", "provider_named"]


def provider_named(name: str) -> Provider:
    """The provider of that name (`cluster.provider`). Raises ClusterError when this version has none."""
    if name == "local":
        from ephemeral.clusters.local import LocalProvider

        return LocalProvider()
    raise ClusterError(f"provider {name} is not available in this version of ephemeral.", hint="Use `provider: local`.")
