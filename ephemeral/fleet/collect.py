"""One pass over everything that this machine keeps, and over a host: what there is, and what should be gone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ephemeral.clusters.local import LocalProvider
from ephemeral.clusters.where import desks_here, hosted
from ephemeral.errors import EphemeralError

if TYPE_CHECKING:
    from ephemeral.clusters.vcluster import VclusterProvider


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """One environment that `gc` looked at: why it had to go, and what went wrong (empty: nothing)."""

    name: str
    reason: str
    error: str = ""


def list_environments(*, everywhere: bool = False) -> list[dict[str, Any]]:
    """Every environment of this machine, described; ``everywhere``: those of all others on the host, too.

    Raises ClusterError when the host that is asked for does not answer.
    """
    found = [cluster.describe() for cluster in LocalProvider().list()]
    host = hosted(default=everywhere)
    if host is not None and everywhere:
        return [*found, *_described_on(host)]
    return [*found, *_described_from_here()]


def _described_on(host: "VclusterProvider") -> Iterator[dict[str, Any]]:
    usage = host.usage()
    for cluster in host.list():
        size = usage.get(cluster.name)
        sizes = {"pods": size.pods, "cpu": f"{size.cores:.3f}", "memory-bytes": size.memory_bytes} if size else {}
        yield {**cluster.describe(), **sizes}


def _described_from_here() -> Iterator[dict[str, Any]]:
    """Environments on hosts that this machine made or used."""
    for provider, name in desks_here():
        try:
            yield provider.get(name).describe()
        except EphemeralError as error:
            yield {"name": name, "provider": "vcluster", "state": "unknown", "trouble": error.message}


def collect(*, dry_run: bool = False) -> list[Collected]:
    """Remove what outlived its lease and what crashes left behind; one failure never stops the rest.

    It looks at this machine, and at the host that the variables name. With ``dry_run`` it only says what it would
    remove.
    """
    local = LocalProvider()
    doomed = {cluster.name: "its lease ended" for cluster in local.list() if cluster.lease.expired}
    doomed |= dict.fromkeys(local.leftovers(), "nobody keeps it alive")
    collected = [_collect(name, reason, local.delete, dry_run=dry_run) for name, reason in sorted(doomed.items())]
    if host := hosted():
        collected += collect_host(host, dry_run=dry_run)
    return collected


def collect_host(host: "VclusterProvider", *, dry_run: bool = False) -> list[Collected]:
    """The same for a host, from any machine. Raises ClusterError when it may not even be looked at."""
    return [_collect(name, why, host.collect, dry_run=dry_run) for name, why in sorted(host.doomed().items())]


def _collect(name: str, reason: str, delete: Callable[[str], object], *, dry_run: bool) -> Collected:
    error = ""
    if not dry_run:
        try:
            delete(name)
        except EphemeralError as failure:
            error = failure.message
    return Collected(name=name, reason=reason, error=error)
