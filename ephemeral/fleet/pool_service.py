"""A warm pool that outlasts single runs: one process holds it, others of the same user claim from it.

They meet on an abstract Unix socket, which leaves no file behind. A claim is a line of JSON; the answer carries the
member's owner (SCM_RIGHTS), so that it lives on with whoever claimed it even when the pool's process ends.
"""

import json
import os
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from ephemeral.clusters.state import state_key
from ephemeral.errors import EphemeralError
from ephemeral.fleet.pool import Member, Pool, adopt
from ephemeral.leases import Owner
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.spec.model import Spec

_ANSWER_SECONDS = 15.0
_LONGEST = 64 * 1024
_UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7)


class PoolService:
    """Lets other processes of this user claim from ``pool``, whose members are of the kind of ``spec``."""

    def __init__(self, pool: Pool, spec: "Spec") -> None:
        """Raises OSError when another process holds the pool of this state directory."""
        self._pool, self._kind = pool, kind_of(spec)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(_address())
        self._socket.listen()
        threading.Thread(target=self._accept, name="ephemeral-pool-service", daemon=True).start()

    def close(self) -> None:
        """Serve nobody any more; the pool itself is its maker's to close."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(_ANSWER_SECONDS)
        with client, suppress(OSError, ValueError, KeyError, TypeError, EphemeralError):
            if _is_ours(client):
                request = json.loads(client.recv(_LONGEST))
                if request["kind"] == self._kind:
                    self._hand_over(client, request)

    def _hand_over(self, client: socket.socket, request: dict[str, object]) -> None:
        """Whoever finds the pool empty makes one itself: waiting here would be no faster."""
        owner, ttl = Owner(**request["owner"]), timedelta(seconds=float(str(request["ttl"])))  # type: ignore[arg-type]
        member = self._pool.claim(owner, ttl=ttl, deadline=Deadline(0))
        try:
            socket.send_fds(client, [member.cluster.name.encode()], [member.owner])
        finally:
            os.close(member.owner)


def claim_served(spec: "Spec", owner: Owner, ttl: timedelta) -> Member | None:
    """A running member from the pool of another process; None when there is no such pool, or it has none ready."""
    request = {"kind": kind_of(spec), "owner": asdict(owner), "ttl": ttl.total_seconds()}
    with socket.socket(socket.AF_UNIX) as server, suppress(OSError):
        server.settimeout(_ANSWER_SECONDS)
        server.connect(_address())
        if _is_ours(server):
            server.sendall(json.dumps(request).encode())
            name, descriptors, _, _ = socket.recv_fds(server, 256, 1)
            if descriptors:
                return Member(adopt(name.decode(), descriptors[0]), descriptors[0])
    return None


def kind_of(spec: "Spec") -> str:
    """What members must have in common to stand for each other."""
    from ephemeral.tools import resolve_kubernetes

    cluster = {**asdict(spec.cluster), "kubernetes": resolve_kubernetes(spec.cluster.kubernetes)}
    return json.dumps([cluster, asdict(spec.isolation)], sort_keys=True, default=str)


def _address() -> str:
    return f"\0ephemeral-pool-{os.getuid()}-{state_key()}"


def _is_ours(stream: socket.socket) -> bool:
    """Whether the other end is a process of this user: anybody may take an abstract name."""
    user: int = _UCRED.unpack(stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1]
    return user == os.getuid()
