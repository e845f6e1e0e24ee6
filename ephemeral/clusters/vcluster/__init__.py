"""The vcluster provider: virtual clusters in namespaces of a host cluster, which is the only place of their state."""

from ephemeral.clusters.vcluster.provider import VclusterProvider

__all__ = ["VclusterProvider"]
