"""An xdist worker's side of the hub: ask for what the run shares, adopt what is claimed for a test."""

import os
import threading
import time
from typing import TYPE_CHECKING, Any

from pytest_ephemeral.making import Claimed, Made, Wanted, adopted, attached, make
from pytest_ephemeral.options import Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: Longer than anything that the controller does for one request; it has deadlines of its own.
_ANSWER_SECONDS = 900.0


class WorkerSupplier:
    """Session scope comes from the controller, test scope from its pool; the rest is made here."""

    def __init__(self, settings: Settings, address: str, key: bytes) -> None:
        self._settings = settings
        self._address, self._key = address, key
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def supply(self, wanted: Wanted, name: str) -> Made:
        """See `Supplier`."""
        from pytest_ephemeral.pools import claim_served

        with self._lock:
            if wanted.scope == "session" or self._settings.reuse:
                return attached(self._ask("share", wanted)[0], wanted, "shared")
            claimed = claim_served(wanted, self._settings)
            if not claimed and wanted.scope == "test":
                claimed = self._claim(wanted)
        return adopted(claimed, wanted, self._settings) if claimed else make(wanted, self._settings, name)

    def close(self) -> None:
        """Hang up."""
        if self._connection:
            self._connection.close()

    def _claim(self, wanted: Wanted) -> Claimed | None:
        from multiprocessing.reduction import recv_handle

        begin = time.monotonic()
        answer = self._ask("claim", wanted, os.getpid())
        return Claimed(answer[0], recv_handle(self._open()), time.monotonic() - begin) if answer else None

    def _ask(self, *request: Any) -> tuple[Any, ...]:
        """One request and its answer. Raises ToolError or ClusterError in the controller's words."""
        from ephemeral.errors import ClusterError, ToolError

        try:
            connection = self._open()
            connection.send(request)
            if not connection.poll(_ANSWER_SECONDS):
                raise ClusterError(f"the controller of this run has not answered for {_ANSWER_SECONDS:g} s.")
            kind, *answer = connection.recv()
        except (EOFError, OSError) as error:
            raise ClusterError(f"the controller of this run does not answer: {str(error) or 'it has ended'}") from error
        if kind in ("tool", "error"):
            raise (ToolError if kind == "tool" else ClusterError)(answer[0], hint=answer[1])
        return tuple(answer)

    def _open(self) -> "Connection":
        from multiprocessing.connection import Client

        if self._connection is None:
            self._connection = Client(self._address, "AF_UNIX", authkey=self._key)
        return self._connection
