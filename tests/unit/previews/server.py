"""A real HTTP server on loopback that misbehaves as told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Manners:
    """How the server behaves, and what it was asked for."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.status = 200
        self.arm = ""
        self.one_at_a_time = False
        self.gone = threading.Event()
        self.asked: list[tuple[str, str, str, bytes]] = []
        self.turn = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        manners: Manners = self.server.manners
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        manners.asked.append((self.command, self.path, self.headers.get("x-ephemeral-preview", ""), body))
        if manners.one_at_a_time:
            with manners.turn:
                time.sleep(manners.seconds)
        else:
            manners.gone.wait(manners.seconds)
        self.send_response(manners.status)
        if manners.arm:
            self.send_header("X-Ephemeral-Arm", manners.arm)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A client that gave up is what these tests are about."""


@contextmanager
def serving(manners: Manners) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.manners = manners
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        manners.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()
