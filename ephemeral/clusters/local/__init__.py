"""The embedded default: a real control plane as plain processes on this machine, no Docker, no root."""

from ephemeral.clusters.local.provider import LocalProvider

__all__ = ["LocalProvider"]
