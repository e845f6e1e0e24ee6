"""The cgroups of environments with real nodes: what they are called, and whose are there."""

from pathlib import Path

from ephemeral.clusters.state import state_key

_ROOT = Path("/sys/fs/cgroup")


def cgroup_of(name: str) -> str:
    """Name of an environment's cgroup in every hierarchy: unique to it on this machine."""
    return f"{_prefix()}{name}"


def names_with_cgroups() -> list[str]:
    """Environments of this state root that have a cgroup, in any hierarchy of version 1 or in version 2's."""
    prefix = _prefix()
    found = (*_ROOT.glob(f"{prefix}*"), *_ROOT.glob(f"*/{prefix}*"))
    return sorted({path.name.removeprefix(prefix) for path in found})


def _prefix() -> str:
    return f"ephemeral-{state_key()}-"
