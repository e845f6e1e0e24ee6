"""The command line as users run it: a process of its own, in a directory of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ephemeral.clusters.local.paths import paths_of
from tests.e2e.objects import deployment, service
from tests.images import BUSYBOX, busybox_image
from tests.machine import snapshot, wait_unchanged

CLI = [sys.executable, "-m", "ephemeral"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Run]:
    """Run `ephemeral ARGUMENTS` to its end in an empty directory; whatever it left running is removed."""

    def run(*arguments: str | Path, code: int | None = 0, **options: Any) -> "subprocess.CompletedProcess[str]":
        finished = subprocess.run(
            [*CLI, *map(str, arguments)],
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            **options,
        )
        if code is not None and finished.returncode != code:
            pytest.fail(f"exit {finished.returncode}, not {code}\n{finished.stdout}\n{finished.stderr}")
        return finished

    yield run
    left = [entry["name"] for entry in json.loads(run("list", "-o", "json").stdout)]
    if left:
        run("down", *left)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write an ephemeral.yaml for simulated nodes, with these manifests."""

    def write(name: str, *manifests: dict[str, Any], **keys: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "app.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        spec = {"name": name, "cluster": {"nodes": "simulated"}, **keys}
        if manifests:
            spec.setdefault("app", [{"manifests": "app.json"}])
        (folder / "ephemeral.yaml").write_text(json.dumps(spec))
        return folder / "ephemeral.yaml"

    return write


@pytest.fixture(autouse=True)
def _readable_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    assert os.environ["EPHEMERAL_STATE_DIR"]


_WEB = {"image": BUSYBOX, "command": ["sh", "-c", "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"]}


@pytest.fixture(scope="session")
def busybox() -> Path:
    return busybox_image()


@pytest.fixture
def web(project: Callable[..., Path], busybox: Path) -> Callable[..., Path]:
    """An ephemeral.yaml whose app is a web server on real nodes, reached by URL."""

    def write(name: str, **keys: Any) -> Path:
        exposed = service("web")
        exposed["spec"]["ports"][0]["targetPort"] = 8080
        return project(
            name,
            deployment("web", **_WEB),
            exposed,
            **{"cluster": {}, "images": {"busybox": str(busybox)}, "expose": [{"service": "web"}], **keys},
        )

    return write


@pytest.fixture
def machine() -> Iterator[dict[str, list[str]]]:
    """The machine before; after the test, nothing may be different."""
    before = snapshot()
    yield before
    wait_unchanged(before)


def kubeconfig(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(paths_of(name).kubeconfig.read_text())
    return loaded


def kubectl(name: str, *words: str, server: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
    from ephemeral.tools import require

    program = require(["kubectl"])["kubectl"]
    options = [f"--kubeconfig={paths_of(name).kubeconfig}", *([f"--server={server}"] if server else [])]
    return subprocess.run([program, *options, *words], capture_output=True, text=True, timeout=60, check=check)
