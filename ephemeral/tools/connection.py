"""HTTP connections that give up in time: on a network without a way out, and on a server that stalls."""

import http.client
import ssl
import threading
import urllib.request
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

STALL_SECONDS = 30.0
"""Longest time without one byte from a server."""


class NoConnectionError(TimeoutError):
    """There was no connection in time."""


class _Connection(http.client.HTTPConnection):
    """``timeout`` bounds connecting as a whole, name look-up and handshake too; then a stall does."""

    def connect(self) -> None:
        _within(float(self.timeout or STALL_SECONDS), super().connect, too_late=self.close)
        self.sock.settimeout(STALL_SECONDS)


class _TLSConnection(_Connection, http.client.HTTPSConnection):
    pass


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _TLSHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_TLSConnection, req, context=ssl.create_default_context())


def opener() -> urllib.request.OpenerDirector:
    """Return an opener that goes through the proxies that the environment names."""
    return urllib.request.build_opener(_Handler, _TLSHandler)


def _within(seconds: float, call: Callable[[], Any], *, too_late: Callable[[], Any]) -> None:
    """Run ``call`` for at most ``seconds``: a name look-up has no timeout and can take half a minute."""
    outcome: SimpleQueue[BaseException | None] = SimpleQueue()
    given_up = threading.Event()

    def work() -> None:
        try:
            call()
        except BaseException as error:
            outcome.put(error)
        else:
            outcome.put(None)
        if given_up.is_set():
            too_late()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        given_up.set()
    error = NoConnectionError() if given_up.is_set() else outcome.get()
    if isinstance(error, TimeoutError):
        raise NoConnectionError(f"no connection within {seconds:g} s")
    if error:
        raise error
