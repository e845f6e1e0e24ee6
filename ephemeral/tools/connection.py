"""HTTP connections that give up in time: on a network without a way out, and on a server that stalls."""

import http.client
import ssl
import threading
import urllib.request
from collections.abc import Callable
from queue import Empty, SimpleQueue

STALL_SECONDS = 30.0
"""Longest time without one byte from a server."""


class NoAnswerError(TimeoutError):
    """A host did not answer in time."""


class _Connection(http.client.HTTPConnection):
    """``timeout`` bounds connecting as a whole, name look-up and handshake too; then a stall does."""

    def connect(self) -> None:
        within(float(self.timeout or STALL_SECONDS), super().connect, too_late=self.close)
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


def within(seconds: float, call: Callable[[], object], *, too_late: Callable[[], object] = lambda: None) -> None:
    """Run ``call`` for at most ``seconds``: a name look-up has no timeout and can take half a minute.

    When the time is over it raises NoAnswerError, and ``too_late`` undoes what ``call`` still brings about.
    """
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

    threading.Thread(target=work, daemon=True).start()
    try:
        error = outcome.get(timeout=seconds)
    except Empty:
        given_up.set()
        # It may have ended between the two: then the thread has not seen that it was given up.
        if not outcome.empty():
            too_late()
        error = TimeoutError()
    if isinstance(error, TimeoutError):
        raise NoAnswerError(f"no answer within {seconds:g} s") from None
    if error:
        raise error
