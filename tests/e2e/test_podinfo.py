"""A real application on real nodes: deployed by kustomize and Helm, reached, scaled, rolled without a lost request."""

import json
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Run, kubectl
from tests.images import podinfo_image
from tests.programs import chart_of_podinfo

pytestmark = pytest.mark.cluster

PAUSE = {"preStop": {"sleep": {"seconds": 3}}}
IMAGE = "ghcr.io/stefanprodan/podinfo"


@pytest.fixture(scope="session")
def podinfo() -> Path:
    return podinfo_image()


@pytest.fixture
def spec(tmp_path: Path, podinfo: Path) -> Callable[..., Path]:
    def write(name: str, app: dict[str, Any], **keys: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        content = {"name": name, "app": [app], "images": {IMAGE: str(podinfo)}, "expose": [{"service": "podinfo"}]}
        (folder / "ephemeral.yaml").write_text(json.dumps({**content, **keys}))
        return folder / "ephemeral.yaml"

    return write


def get(url: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"User-Agent": "test"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@dataclass
class Load:
    """Requests at a steady rate from one thread: how many were answered, and what went wrong."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def steady_load(url: str, seconds_between: float = 0.02) -> Iterator[Load]:
    load, end = Load(), threading.Event()

    def work() -> None:
        while not end.wait(seconds_between):
            try:
                get(url)
                load.answered += 1
            except (OSError, urllib.error.URLError, ValueError) as error:
                load.failures.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield load
    finally:
        end.set()
        thread.join()


def test_the_example_of_the_readme_serves_real_traffic(cli: Run, repository: Path, podinfo: Path) -> None:
    script = 'curl --silent --fail "${EPHEMERAL_URL}version"'
    finished = cli(
        "run", "-f", repository / "examples/podinfo/ephemeral.yaml", "--", "sh", "-c", script,
        env={**os.environ, "PODINFO_IMAGE": str(podinfo)},
    )  # fmt: skip
    assert json.loads(finished.stdout)["version"].startswith("6.")


def test_kustomize_as_its_authors_ship_it_scaled_and_rolled_without_a_lost_request(
    cli: Run, spec: Callable[..., Path], shared_apps: Path, tmp_path: Path
) -> None:
    # As shipped, but for a pause before the end: a pod must outlive its last entry in kube-proxy's rules.
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/lifecycle", "value": PAUSE}]
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    shutil.copytree(shared_apps / "podinfo" / "kustomize", overlay / "podinfo")
    patches = [{"target": {"kind": "Deployment"}, "patch": json.dumps(patch)}]
    (overlay / "kustomization.yaml").write_text(json.dumps({"resources": ["podinfo"], "patches": patches}))
    app = {"kustomize": str(overlay)}
    expose = [{"service": "podinfo", "port": 9898}]
    cli("up", "-f", spec("rolled", app, expose=expose))
    url = cli("url", "podinfo", "--port", "9898").stdout.strip()
    assert get(f"{url}version")["version"].startswith("6.")

    kubectl("rolled", "scale", "deployment/podinfo", "--replicas=3")
    kubectl("rolled", "rollout", "status", "deployment/podinfo", "--timeout=50s")
    hosts = {get(f"{url}api/info")["hostname"] for _ in range(60)}
    assert len(hosts) == 3, "three pods, and not all of them answer"

    with steady_load(f"{url}api/info") as load:
        kubectl("rolled", "set", "env", "deployment/podinfo", "PODINFO_UI_MESSAGE=second")
        kubectl("rolled", "rollout", "status", "deployment/podinfo", "--timeout=58s")
    assert load.failures == []
    assert load.answered > 50
    assert get(f"{url}api/info")["message"] == "second"
    cli("down", "rolled")


def test_the_chart_of_its_authors(cli: Run, spec: Callable[..., Path]) -> None:
    chart = {"helm": {"chart": str(chart_of_podinfo()), "release": "podinfo", "set": {"replicaCount": 2}}}
    made = spec("charted", chart, expose=[{"service": "podinfo", "port": 9898}])
    cli("up", "-f", made)
    url = cli("url", "podinfo", "--port", "http").stdout.strip()
    assert get(f"{url}version")["version"].startswith("6.")
    cli("down", "charted")


def test_an_image_that_nobody_has_fails_fast_and_leaves_logs_and_events(
    cli: Run, spec: Callable[..., Path], repository: Path, tmp_path: Path
) -> None:
    app = {"kustomize": str(repository / "examples/podinfo/kustomize")}
    broken = spec("broken", app, images={IMAGE: f"{IMAGE}:no-such-tag"})
    complaint = cli("run", "-f", broken, "--name", "broken", "--", "true", code=125).stderr
    assert "Deployment default/podinfo: 0/1 ready" in complaint
    assert "no-such-tag" in complaint
    assert "ImagePull" in complaint
    report = tmp_path / "ephemeral-report" / "broken"
    assert "no-such-tag" in (report / "events.txt").read_text()


def test_a_failing_test_keeps_the_logs_of_the_app(
    cli: Run, spec: Callable[..., Path], repository: Path, tmp_path: Path
) -> None:
    made = spec("logged", {"kustomize": str(repository / "examples/podinfo/kustomize")})
    script = 'curl --silent "${EPHEMERAL_URL}panic-not-there"; exit 3'
    cli("run", "-f", made, "--name", "logged", "--", "sh", "-c", script, code=3)
    logs = list((tmp_path / "ephemeral-report" / "logged").rglob("*podinfo*.log"))
    assert logs
    assert any("Starting podinfo" in path.read_text() for path in logs)
