"""HTTP: errors in the server's words, outages, lines as they come."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from ephemeral.errors import ClusterError
from ephemeral.kube.kubeconfig import Access
from ephemeral.kube.transport import ApiError, Transport


class Server(BaseHTTPRequestHandler):
    """Answers what the path says; keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    received: ClassVar[list] = []

    def do_GET(self):
        self.received.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/endless"):
            self.endless()
        else:
            self.answer()

    def answer(self):
        status, content = {
            "/refused": (403, json.dumps({"message": "no pods for you", "reason": "Forbidden"}).encode()),
            "/broken": (502, b"bad gateway\n"),
            "/empty": (503, b""),
        }.get(self.path, (200, b'{"a": 1}'))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (b"one\ntw", b"o\nrest"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if self.path == "/endless-open":
            self.server.release.wait(30)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Server.received.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.release = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def transport(server):
    access = Access(server=f"http://127.0.0.1:{server.server_port}", tls=None, authorization=lambda: "Bearer abc")
    transport = Transport(access)
    yield transport
    transport.close()


def test_answer(transport):
    assert transport.request("GET", "/x", query={"labelSelector": "a in (b, c)"}).json() == {"a": 1}
    assert Server.received == [("/x?labelSelector=a+in+%28b%2C+c%29", "Bearer abc")]


@pytest.mark.parametrize(
    ("path", "status", "reason", "words"),
    [
        ("/refused", 403, "Forbidden", "no pods for you"),
        ("/broken", 502, "", "bad gateway"),
        ("/empty", 503, "", "HTTP status 503"),
    ],
)
def test_refusals(transport, path, status, reason, words):
    with pytest.raises(ApiError, match=words) as caught:
        transport.request("GET", path)
    assert (caught.value.status, caught.value.reason) == (status, reason)
    with pytest.raises(ApiError, match=words):
        transport.lines(path)


def test_no_answer_is_passing_at_first_and_final_after_a_while(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("ephemeral.kube.transport.time.monotonic", lambda: now[0])
    transport = Transport(Access(server="http://127.0.0.1:1", tls=None, authorization=lambda: None))
    with pytest.raises(ApiError, match="does not answer") as caught:
        transport.request("GET", "/")
    assert caught.value.status == 0
    now[0] += 60
    with pytest.raises(ClusterError, match="does not answer") as final:
        transport.request("GET", "/")
    assert not isinstance(final.value, ApiError)


def test_lines_are_put_together_from_chunks(transport):
    with transport.lines("/endless") as stream:
        assert list(stream) == ["one", "two", "rest"]


def test_reading_lines_can_be_stopped_by_another_thread(transport):
    with transport.lines("/endless-open") as stream:
        lines = iter(stream)
        assert [next(lines), next(lines)] == ["one", "two"]
        stopper = threading.Thread(target=stream.stop)
        stopper.start()
        list(lines)
        stopper.join()


def test_silence_ends_reading_with_an_error(transport):
    with transport.lines("/endless-open", timeout=0.2) as stream, pytest.raises(ApiError, match="broke off"):
        list(stream)
