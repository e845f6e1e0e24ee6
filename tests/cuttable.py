"""A way to a server that can be cut, as networks are, and mended again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CuttableWay:
    """Listens on 127.0.0.1 and carries every connection to ``address``, until it is cut."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        number: int = self._listener.getsockname()[1]
        return number

    def cut(self) -> None:
        """Break off what is open; who connects from now on is broken off as well."""
        with self._lock:
            self._is_cut = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            if self._is_cut:
                return
            with socket.create_connection(self._address) as server:
                both = {client, server}
                with self._lock:
                    self._open |= both
                upward = threading.Thread(target=_carry, args=(client, server), daemon=True)
                upward.start()
                _carry(server, client)
                upward.join()
                with self._lock:
                    self._open -= both


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(64 * 1024):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cuttable_way(address: tuple[str, int]) -> Iterator[CuttableWay]:
    way = CuttableWay(address)
    try:
        yield way
    finally:
        way.close()
