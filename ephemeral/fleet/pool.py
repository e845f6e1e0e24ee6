"""The warm pool: control planes that are ready, and stopped (SIGSTOP) until somebody claims one.

A stopped member costs memory and no processor time. Its supervisor runs on: leases end it, and so does the end of the
process that holds its *owner*, a descriptor. A claim hands that descriptor over, so that a claimed environment lives
exactly as long as whoever claimed it, ``kill -9`` included. No member is ever used twice.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ephemeral.clusters.local import LocalProvider
from ephemeral.clusters.local.cluster import LocalCluster
from ephemeral.errors import EphemeralError, WaitError
from ephemeral.fleet.pause import pause, resume_clients, resume_servers
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Silent
from ephemeral.spec.presets import Policy, resolve
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.spec.model import Spec

#: What a member's processes keep in memory, with room for what a test adds.
MEMBER_BYTES = 700 * 2**20
_START_SECONDS = 120.0
_CLAIM_SECONDS = 10.0
#: Starting more at a time than there are cores makes each one slower, and all of them no faster.
_STARTERS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Member:
    """A control plane that is ready; closing ``owner`` ends it."""

    cluster: LocalCluster
    owner: int


class Pool:
    """Keeps ``size`` members of one kind ready. Threads may share it.

    It starts to fill when ``fill`` or the first ``claim`` is called, refills in the background, and makes no member
    for which there is no memory, unless somebody waits for it.
    """

    def __init__(
        self,
        spec: "Spec",
        *,
        size: int,
        name: Callable[[str], str],
        quiet: float = 0.0,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """``name`` makes unique names; ``free_bytes`` says how much memory there is to take.

        With stock at hand it refills only after ``quiet`` seconds without a claim: a start takes the processor from
        the very tests that claim.
        """
        self._spec = spec
        self._size = size
        self._name = name
        self._free_bytes = free_bytes or available_bytes
        self._ready: list[Member] = []
        self._making: set[str] = set()
        self._waiting = 0
        self._claimed = 0
        self._last_claim = -quiet
        self._quiet = quiet
        self._total = size
        self._failure: EphemeralError | None = None
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def fill(self, *, total: int) -> None:
        """Begin to make members, ``total`` of them in the end unless more are claimed; returns at once."""
        with self._changed:
            self._total = total
            self._start()

    def wait_full(self, deadline: Deadline) -> int:
        """Return when as many members are ready as there is need and room for, and how many. Raises WaitError."""

        def full() -> int:
            with self._changed:
                self._check()
                if self._making or self._wants_more():
                    raise NotYet(f"{len(self._ready)} of {self._size} members are ready")
                return len(self._ready)

        return wait_until(full, deadline=deadline, what="pool", max_interval=0.1)

    def claim(self, owner: Owner, *, ttl: timedelta, deadline: Deadline) -> Member:
        """Take a member, waiting for one if need be; it runs and has a new lease when this returns.

        Raises WaitError, or what making one raised.
        """
        with self._changed:
            self._start()
        while True:
            member = self._take(deadline)
            try:
                _wake(member, owner, ttl)
            except EphemeralError:  # it died in its sleep: the next one
                discard(member)
            else:
                return member

    def close(self) -> None:
        """End all members, those in the making too; what was claimed is not touched."""
        with self._changed:
            self._closed = True
            left, making = self._ready, set(self._making)
            self._ready = []
            self._changed.notify_all()
        for member in left:
            discard(member)
        for name in making:
            LocalProvider().delete(name)  # whoever makes it fails at once
        for thread in self._threads:
            thread.join()
        for member in left:
            LocalProvider().delete(member.cluster.name)

    def _take(self, deadline: Deadline) -> Member:
        with self._changed:
            self._waiting += 1
            try:
                while not self._ready:
                    self._check()
                    if not self._changed.wait(deadline.remaining()):
                        raise WaitError(f"pool: no cluster was ready within {deadline.seconds:g} s")
                self._claimed += 1
                self._last_claim = time.monotonic()
                return self._ready.pop(0)
            finally:
                self._waiting -= 1
                self._changed.notify_all()

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if self._closed:
            raise WaitError("pool: it is closed")

    def _start(self) -> None:
        self._changed.notify_all()
        while len(self._threads) < _STARTERS:
            thread = threading.Thread(target=self._keep_full, name="ephemeral-pool", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _wants_more(self) -> bool:
        coming = len(self._ready) + len(self._making)
        if coming < self._waiting:
            return True
        if coming >= min(self._size, self._total - self._claimed):
            return False
        if self._ready and time.monotonic() - self._last_claim < self._quiet:
            return False
        return self._free_bytes() > MEMBER_BYTES * (len(self._making) + 1)

    def _keep_full(self) -> None:
        """What each starter does."""
        while True:
            with self._changed:
                while not self._closed and not self._wants_more():
                    self._changed.wait(0.5)  # neither free memory nor silence tells anybody
                if self._closed or self._failure:
                    return
                name = self._name(f"{self._spec.name[:30]}-pool")
                self._making.add(name)
            self._make(name)

    def _make(self, name: str) -> None:
        made: Member | None = None
        failure: EphemeralError | None = None
        try:
            made = make_member(replace(self._spec, name=name, app=(), expose=()))
        except EphemeralError as error:
            failure = error
        with self._changed:
            self._making.discard(name)
            if made and not self._closed:
                self._ready.append(made)
                made = None
            elif failure and not self._closed:
                self._failure = failure
            self._changed.notify_all()
        if made:
            discard(made)


def make_member(spec: "Spec") -> Member:
    """Create a cluster, wait until it is ready with its isolation policy in force, and stop it.

    Raises what creating one raises.
    """
    from ephemeral.apps.isolation import isolate
    from ephemeral.kube.client import connect
    from ephemeral.spec.durations import parse_duration

    policy: Policy = resolve(spec.isolation)
    lease = Lease.lasting(parse_duration(spec.ttl), Owner(run=f"pool-{os.getpid()}"))
    cluster = LocalProvider().create(spec, policy, lease, Silent())
    try:
        deadline = Deadline(_START_SECONDS)
        cluster.wait_answering(deadline)
        kube = connect(cluster.kubeconfig)
        isolate(kube, policy, [], deadline=deadline)
        cluster.wait_ready(deadline)
        _wait_for_nodes(kube, deadline)
        kube.close()
        owner = _owner_of(cluster)
        pause(cluster)
    except BaseException:
        LocalProvider().delete(spec.name)
        raise
    return Member(cluster, owner)


def _wait_for_nodes(kube: "Kube", deadline: Deadline) -> None:
    """A pod of whoever claims it finds a node at once: the taint of a new one takes its controller a second."""

    def untainted() -> None:
        if tainted := [node["metadata"]["name"] for node in kube.list("v1", "Node") if node["spec"].get("taints")]:
            raise NotYet(f"{tainted[0]} is not ready")

    wait_until(untainted, deadline=deadline, what="nodes", max_interval=0.1)


def adopt(name: str, owner: int) -> LocalCluster:
    """A member that another process claimed for this one and handed over together with its ``owner``.

    Raises NoEnvironmentError.
    """
    found = LocalProvider().get(name)
    return LocalCluster(found.paths, owner=owner)


def discard(member: Member) -> None:
    """End a member; its supervisor does the rest in its own time."""
    with suppress(OSError):
        os.close(member.owner)


def available_bytes() -> int:
    """Memory that can be taken without pushing anybody out (proc(5), MemAvailable), less a quarter as a reserve."""
    with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 - not a file on a disk
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
    return sizes["MemAvailable"] - sizes["MemTotal"] // 4


def _wake(member: Member, owner: Owner, ttl: timedelta) -> None:
    cluster = member.cluster
    resume_servers(cluster)
    cluster.wait_answering(Deadline(_CLAIM_SECONDS))
    resume_clients(cluster)
    cluster.renew(Lease.lasting(ttl, owner))


def _owner_of(cluster: LocalCluster) -> int:
    """Take the descriptor whose closing ends the cluster."""
    owner, cluster._owner = cluster._owner, None  # noqa: SLF001 - LocalCluster has no other way to give it away
    assert owner is not None, "a cluster that was just created has an owner"
    return owner
