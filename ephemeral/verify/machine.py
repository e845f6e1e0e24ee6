"""A listener on the machine, at all its addresses, that nobody inside an environment may reach."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ephemeral.verify.prober import answer


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineListener:
    """``words`` are what it answers, by TCP and UDP, at one and the same ``port``."""

    port: int
    words: str


@contextmanager
def listening() -> Iterator[MachineListener]:
    """Listen until the body is left."""
    with socket.create_server(("", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        port = tcp.getsockname()[1]
        udp.bind(("", port))
        listener = MachineListener(port=port, words=secrets.token_hex(8))
        threads = [threading.Thread(target=serve, args=(each, listener), daemon=True)
                   for serve, each in ((_serve_tcp, tcp), (_serve_udp, udp))]  # fmt: skip
        for thread in threads:
            thread.start()
        try:
            yield listener
        finally:
            for each in (tcp, udp):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)  # wakes the thread, which close does not
            for thread in threads:
                thread.join()


def _serve_tcp(server: socket.socket, listener: MachineListener) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection, listener.words), daemon=True).start()


def _serve_udp(server: socket.socket, listener: MachineListener) -> None:
    with suppress(OSError):
        while True:
            data, caller = server.recvfrom(200)
            if not data:  # shut down
                return
            server.sendto(listener.words.encode(), caller)
