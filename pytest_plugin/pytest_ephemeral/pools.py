"""Warm pools for tests that want a cluster each: one pool for each kind of cluster."""

import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ephemeral.waiting import Deadline
from pytest_ephemeral.options import Settings

if TYPE_CHECKING:
    from ephemeral.fleet.pool import Member, Pool
    from pytest_ephemeral.making import Claimed, Wanted

_CLAIM_SECONDS = 180.0
_MOST = 8


def claim_served(wanted: "Wanted", settings: Settings) -> "Claimed | None":
    """A cluster from the pool that another process holds (`python -m pytest_ephemeral.pool`), if there is one."""
    if not _can_be_pooled(wanted, settings) or os.environ.get("EPHEMERAL_CURRENT") or settings.reuse:
        return None
    from ephemeral.fleet.pool_service import claim_served
    from ephemeral.spec.durations import parse_duration
    from pytest_ephemeral.making import Claimed, owner_of

    begin = time.monotonic()
    member = claim_served(wanted.spec, owner_of(wanted), parse_duration(wanted.spec.ttl))
    return Claimed(member.cluster.name, member.owner, time.monotonic() - begin) if member else None


def _can_be_pooled(wanted: "Wanted", settings: Settings) -> bool:
    cluster = wanted.spec.cluster
    return settings.pool != "0" and cluster.provider == "local" and cluster.nodes == "simulated"


class Pools:
    """Claims from a pool of the wanted kind, opened by the first who asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()

    def claim(self, wanted: "Wanted") -> "Member | None":
        """A running cluster and its owner; None when there is no pool for its kind.

        Raises the classes of ephemeral.errors.
        """
        if not _can_be_pooled(wanted, self._settings):
            return None
        from ephemeral.spec.durations import parse_duration
        from pytest_ephemeral.making import owner_of

        return self._pool(wanted).claim(
            owner_of(wanted),
            ttl=parse_duration(wanted.spec.ttl),
            deadline=Deadline(_CLAIM_SECONDS),
        )

    def close(self) -> None:
        """End all members that nobody has claimed."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, wanted: "Wanted") -> "Pool":
        from ephemeral import unique_name
        from ephemeral.fleet.pool import Pool

        spec = replace(wanted.spec, app=(), expose=())
        with self._lock:
            if repr(spec) not in self._pools:
                pool = Pool(spec, size=self._size(), name=unique_name)
                pool.fill(total=wanted.total)
                self._pools[repr(spec)] = pool
            return self._pools[repr(spec)]

    def _size(self) -> int:
        """Two for each core: one being used, one waiting. Memory bounds it further."""
        return min(_MOST, 2 * (os.cpu_count() or 1)) if self._settings.pool == "auto" else int(self._settings.pool)
