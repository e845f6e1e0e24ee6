"""What the controller of an xdist run does for its workers: it owns what they share, from the first who asks on.

xdist has no request from a worker to the controller, so the controller listens on a Unix socket. Its name is an
abstract one (it leaves no file, even after ``kill -9``); only processes of this user that know the run's key are heard.
"""

import os
import secrets
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_ephemeral.environments import Environments, OwnSupplier
from pytest_ephemeral.options import Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from pytest_ephemeral.making import Wanted
    from pytest_ephemeral.pools import Pools

_UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7)


class Hub:
    """Serves the workers of one run, a thread each."""

    def __init__(self, settings: Settings) -> None:
        self.environments = Environments(settings, OwnSupplier(settings))
        self._settings = settings
        self._name = f"\0ephemeral-pytest-{secrets.token_hex(8)}"
        self._key = secrets.token_bytes(32)
        self._socket = socket.socket(socket.AF_UNIX)
        self._pools: Pools | None = None
        self._lock = threading.Lock()

    def open(self) -> dict[str, Any]:
        """Listen; what a worker needs to know."""
        self._socket.bind(self._name)
        self._socket.listen()
        threading.Thread(target=self._accept, name="ephemeral-hub", daemon=True).start()
        return {"address": self._name, "key": self._key}

    def is_idle(self) -> bool:
        """Whether nobody has asked for anything yet."""
        return self._pools is None and self.environments.is_empty()

    def close(self) -> None:
        """End everything that was made for the workers."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            pools, self._pools = self._pools, None
        if pools:
            pools.close()
        self.environments.close()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._socket.accept()
            except OSError:  # closed
                return
            if _user_of(stream) == os.getuid():
                threading.Thread(target=self._serve, args=(stream,), name="ephemeral-worker", daemon=True).start()
            else:
                stream.close()

    def _serve(self, stream: socket.socket) -> None:
        from multiprocessing import AuthenticationError
        from multiprocessing.connection import Connection, answer_challenge, deliver_challenge

        with Connection(stream.detach()) as connection, suppress(EOFError, OSError, AuthenticationError):
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            while True:
                self._answer(connection, *connection.recv())

    def _answer(self, connection: "Connection", request: str, wanted: "Wanted", *rest: Any) -> None:
        """Do one request. Errors go back in words: their classes need not survive the way."""
        from ephemeral.errors import EphemeralError, ToolError

        try:
            if request == "share":
                connection.send(("made", self.environments.acquire(wanted).name))
            else:
                self._claim(connection, wanted, *rest)
        except EphemeralError as error:
            kind = "tool" if isinstance(error, ToolError) else "error"
            connection.send((kind, error.message, error.hint))

    def _claim(self, connection: "Connection", wanted: "Wanted", pid: int) -> None:
        """Hand a member of the pool over, its life included; "none" when there is no pool."""
        from multiprocessing.reduction import send_handle

        member = self._pools_open().claim(wanted)
        if member is None:
            connection.send(("none",))
            return
        try:
            connection.send(("made", member.cluster.name))
            send_handle(connection, member.owner, pid)
        finally:
            os.close(member.owner)

    def _pools_open(self) -> "Pools":
        from pytest_ephemeral.pools import Pools

        with self._lock:
            if self._pools is None:
                self._pools = Pools(self._settings)
            return self._pools


def _user_of(stream: socket.socket) -> int:
    """Who is at the other end, as the kernel says."""
    user: int = _UCRED.unpack(stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1]
    return user
