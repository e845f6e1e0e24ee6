"""One pass over everything that this machine keeps: what there is, and what should be gone."""

from dataclasses import dataclass
from typing import Any

from ephemeral.clusters.local import LocalProvider
from ephemeral.errors import EphemeralError


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """One environment that `gc` looked at: why it had to go, and what went wrong (empty: nothing)."""

    name: str
    reason: str
    error: str = ""


def list_environments() -> list[dict[str, Any]]:
    """Every environment of this machine, described."""
    return [cluster.describe() for cluster in LocalProvider().list()]


def collect(*, dry_run: bool = False) -> list[Collected]:
    """Remove what outlived its lease and what crashes left behind; one failure never stops the rest.

    With ``dry_run`` it only says what it would remove.
    """
    provider = LocalProvider()
    doomed = {cluster.name: "its lease ended" for cluster in provider.list() if cluster.lease.expired}
    doomed |= dict.fromkeys(provider.leftovers(), "nobody keeps it alive")
    collected = []
    for name, reason in sorted(doomed.items()):
        error = ""
        if not dry_run:
            try:
                provider.delete(name)
            except EphemeralError as failure:
                error = failure.message
        collected.append(Collected(name=name, reason=reason, error=error))
    return collected
