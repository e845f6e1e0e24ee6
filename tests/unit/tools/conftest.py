"""A mirror of the release hosts on loopback, which can misbehave, and a machine without any program."""

import hashlib
import io
import json
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ephemeral.tools import fetch, places, table
from ephemeral.tools.table import Program

GATE_SECONDS = 60


class Mirror:
    """Serves ``files`` by path; ``faults`` of a path are used up first, one a request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.members: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.faults: dict[str, list[Callable[[Handler, bytes], None]]] = defaultdict(list)
        self.requests: list[tuple[str, str | None]] = []
        self.ranges = True
        self.gate = threading.Event()
        self.at_gate = threading.Event()
        handler = type("BoundHandler", (Handler,), {"mirror": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def path(self, url: str) -> str:
        """Where the mirror has what is at ``url`` in the world."""
        parts = urlsplit(url)
        return f"/{parts.netloc}{parts.path}"

    def asked(self, url: str) -> list[str | None]:
        """The Range header of each request for ``url``."""
        return [span for path, span in self.requests if path == self.path(url)]

    def release(self, program: Program, content: bytes) -> str:
        """Lay a release out as its publisher does, and return its path."""
        members = self.members[program.release]
        members[program.member] = content
        body = archive(members) if program.member else content
        name = program.release.rpartition("/")[2]
        self.files[self.path(program.release)] = body
        self.files[self.path(program.checksum)] = checksum_file(program.checksum, name, body).encode()
        return self.path(program.release)

    def stop_at_gate(self, first: int) -> Callable[["Handler", bytes], None]:
        """A fault: send ``first`` bytes, then wait until ``gate`` opens, then break off."""

        def fault(handler: Handler, body: bytes) -> None:
            handler.begin(200, len(body))
            handler.wfile.write(body[:first])
            handler.wfile.flush()
            self.at_gate.set()
            self.gate.wait(GATE_SECONDS)

        return fault


class Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_HEAD(self) -> None:
        self.begin(404, 0)

    def do_GET(self) -> None:
        mirror, span = self.mirror, self.headers["Range"]
        mirror.requests.append((self.path, span))
        body = mirror.files.get(self.path)
        if mirror.faults[self.path]:
            mirror.faults[self.path].pop(0)(self, body or b"")
        elif body is None:
            self.begin(404, 0)
        elif span and mirror.ranges:
            self._part(body, int(span.removeprefix("bytes=").removesuffix("-")))
        else:
            self.begin(200, len(body))
            self.wfile.write(body)

    def _part(self, body: bytes, start: int) -> None:
        if start >= len(body):
            self.begin(416, 0)
            return
        content_range = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.begin(206, len(body) - start, ("Content-Range", content_range))
        self.wfile.write(body[start:])

    def begin(self, status: int, length: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def checksum_file(url: str, name: str, body: bytes) -> str:
    digest = hashlib.sha256(body).hexdigest()
    if "api.github.com" in url:
        assets = [{"name": "other", "digest": None}, {"name": name, "digest": f"sha256:{digest}"}]
        return json.dumps({"tag_name": "v0", "assets": assets})
    if url.endswith("SHA256SUMS"):
        return f"{'0' * 64}  {name}.sig\n{digest}  {name}\n"
    return f"{digest}  {name}\n" if url.endswith(".sha256sum") else digest


@pytest.fixture(autouse=True)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing on PATH, an empty cache, no way out; tests that are about the real machine keep it."""
    if request.node.get_closest_marker("cluster"):
        return
    monkeypatch.setattr(places, "_SYSTEM", ())
    rows = {name: {**row, "folders": ()} for name, row in table._rows().items()}
    monkeypatch.setattr(table, "_rows", lambda: rows)
    monkeypatch.delenv("EPHEMERAL_TOOLS_DIR", raising=False)
    monkeypatch.setenv("EPHEMERAL_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "UNREACHABLE", {})
    monkeypatch.setattr(fetch, "FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def script() -> Callable[[Path, str], Path]:
    """Writes an executable shell script."""

    def write(path: Path, body: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    served = Mirror()
    monkeypatch.setenv("EPHEMERAL_MIRROR", served.url)
    yield served
    served.close()


@pytest.fixture
def apiserver() -> Program:
    return table.pinned("kube-apiserver")
