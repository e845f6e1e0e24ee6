"""What runs inside a pod: it connects, or listens, and says what happened.

Runs as ``python -I -S -c SOURCE try ATTEMPTS`` or ``... listen PORT WORDS`` and imports the standard library alone.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any

TRY_SECONDS = 3.0
_PAUSE_SECONDS = 0.2
_REQUEST_BYTES = 65536
#: ip(7): the kernel hands over the ICMP message that ended a connection, and who sent it.
_IP_RECVERR, _MSG_ERRQUEUE, _FROM_ICMP = 11, 0x2000, 2


def attempt(wanted: dict[str, Any]) -> dict[str, str]:
    """Try until it works or ``patience`` (seconds) is over: ``{"state": ..., "detail": ...}``."""
    end = time.monotonic() + wanted.get("patience", 0)
    kind = {"tcp": connect, "udp": send, "lookup": look_up}[wanted["kind"]]
    while True:
        answer = kind(wanted)
        if answer["state"] == "open" or time.monotonic() > end:
            return answer
        time.sleep(_PAUSE_SECONDS)


def connect(wanted: dict[str, Any]) -> dict[str, str]:
    """TCP: open, reset, refused (by an ICMP message), unreachable or silent."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        connection.settimeout(TRY_SECONDS)
        try:
            connection.connect((wanted["host"], wanted["port"]))
            # The kernel queues an ICMP message, and wakes us, a moment before it sets the error that connect asks for.
            connection.getpeername()
        except TimeoutError:
            return _seen("silent", f"no answer in {TRY_SECONDS:g} s")
        except ConnectionRefusedError:
            return _seen("reset", "connection refused by who is there")
        except OSError as error:
            return _refusal(connection, error)
        return _seen("open", _read(connection))


def send(wanted: dict[str, Any]) -> dict[str, str]:
    """UDP: what the machine receives is told by the machine; an ICMP message comes back at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        connection.settimeout(TRY_SECONDS)
        try:
            connection.connect((wanted["host"], wanted["port"]))
            connection.send(b"GET\n")
            return _seen("open", connection.recv(200).decode(errors="replace"))
        except TimeoutError:
            return _seen("silent", f"no answer in {TRY_SECONDS:g} s")
        except ConnectionRefusedError:
            return _seen("reset", "port unreachable, says who is there")
        except OSError as error:
            return _refusal(connection, error)


def look_up(wanted: dict[str, Any]) -> dict[str, str]:
    """The address of a name, from the resolver that the pod was given."""
    try:
        found = socket.getaddrinfo(wanted["host"], None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        return _seen("unreachable", str(error))
    return _seen("open", str(found[0][4][0]))


def _read(connection: socket.socket) -> str:
    """The first words of a server that says some by itself, as ours does."""
    connection.settimeout(TRY_SECONDS / 10)
    with contextlib.suppress(OSError):
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        return connection.recv(200).decode(errors="replace")
    return ""


def _refusal(connection: socket.socket, error: OSError) -> dict[str, str]:
    """Who refused by which ICMP message; without one, the kernel's own words."""
    with contextlib.suppress(OSError):
        _, messages, _, _ = connection.recvmsg(512, 512, _MSG_ERRQUEUE)
        for _, _, data in messages:
            _, origin, kind, code = struct.unpack_from("=IBBB", data)
            if origin == _FROM_ICMP:
                sender = socket.inet_ntoa(data[20:24])  # struct sockaddr_in behind struct sock_extended_err
                return _seen("refused", f"ICMP type {kind} code {code} from {sender}")
    return _seen("unreachable", error.strerror or str(error))


def _seen(state: str, detail: str) -> dict[str, str]:
    return {"state": state, "detail": detail}


def attempt_all(wanted: list[dict[str, Any]]) -> list[dict[str, str]]:
    """All at the same time, because those that are blocked may take their seconds."""
    answers: list[dict[str, str]] = [{} for _ in wanted]

    def run(number: int) -> None:
        answers[number] = attempt(wanted[number])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(wanted))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def listen(port: int, words: str) -> None:
    """Answer every connection with these words, as an HTTP response, for ever."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # to PID 1 it does nothing by itself
    with socket.create_server(("", port), backlog=50) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection, words), daemon=True).start()


def answer(connection: socket.socket, words: str) -> None:
    """One HTTP response to whatever is asked; what is left unread would turn it into a reset."""
    with connection, contextlib.suppress(OSError):
        connection.settimeout(TRY_SECONDS)
        connection.recv(_REQUEST_BYTES)
        connection.sendall(f"HTTP/1.0 200 OK\r\n\r\n{words}\n".encode())


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(int(sys.argv[2]), sys.argv[3])
    print(json.dumps(attempt_all(json.loads(sys.argv[2]))))  # noqa: T201 - it is read from the pod's log
