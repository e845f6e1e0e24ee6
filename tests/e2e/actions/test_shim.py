"""The shim as the runner starts it: cancelled at two moments, without a Python, with input that means harm."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ephemeral
from ephemeral.clusters.local import LocalProvider
from ephemeral.fleet import list_environments
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.act import INSTALLED
from tests.e2e.objects import config_map

pytestmark = pytest.mark.cluster

_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_PATH")
#: How long GitHub's runner waits after SIGINT, and then after SIGTERM.
_PATIENCE, _LAST_PATIENCE = 7.5, 2.5


@pytest.fixture(scope="module")
def job(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a job in which ephemeral is installed already, by a Python of the runner's tool cache."""
    folder = tmp_path_factory.mktemp("job")
    for old in ("python3", "python"):
        (folder / "path").mkdir(exist_ok=True)
        (folder / "path" / old).write_text("#!/bin/sh\nexit 1\n")
        (folder / "path" / old).chmod(0o755)
    kept = folder / "tools/Python/3.11.7/x64/bin/python3"
    kept.parent.mkdir(parents=True)
    kept.symlink_to(sys.executable)
    variables = {
        **{name: str(folder / name) for name in _FILES},
        **INSTALLED,
        "PATH": f"{folder / 'path'}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder / "temp"),
        "RUNNER_TOOL_CACHE": str(folder / "tools"),
        "RUNNER_TRACKING_ID": "github_1",
        "GITHUB_ACTIONS": "true",
        "GITHUB_JOB": "Some Job",
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_RUN_ID": "1",
    }
    (folder / "temp").mkdir()
    setup = subprocess.run(
        ["bash", checkout / "action/setup.sh"], env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert setup.returncode == 0, setup.stdout + setup.stderr
    assert f"Install ephemeral with {kept}" in setup.stdout
    assert (folder / "GITHUB_PATH").read_text().strip().endswith("/bin")
    return variables


@pytest.fixture
def start(job: dict[str, str], checkout: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start the shim's main with inputs; what it says goes to the file `log`."""

    def start(**inputs: str) -> subprocess.Popen[bytes]:
        given = {f"INPUT_{name.replace('_', '-').upper()}": value for name, value in inputs.items()}
        files = {name: str(tmp_path / name) for name in _FILES}
        with (tmp_path / "log").open("wb") as log:
            return subprocess.Popen(
                ["node", checkout / "action/main.js"],
                cwd=tmp_path,
                env={**os.environ, **job, **files, **given},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    return start


def wait_for(log: Path, words: str) -> None:
    def said() -> None:
        if words not in log.read_text():
            raise NotYet(log.read_text()[-500:])

    wait_until(said, deadline=Deadline(120), what=words)


def cancel(shim: subprocess.Popen[bytes]) -> None:
    """What GitHub's runner does when a job is cancelled."""
    shim.send_signal(signal.SIGINT)
    try:
        shim.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        shim.terminate()
        try:
            shim.wait(_LAST_PATIENCE)
        except subprocess.TimeoutExpired:
            shim.kill()
            shim.wait()


def wait_for_nothing() -> None:
    def gone() -> None:
        if names := [each["name"] for each in list_environments()]:
            raise NotYet(f"{names} still there")

    wait_until(gone, deadline=Deadline(60), what="nothing left")


def waiting_for_good(folder: Path) -> str:
    """An app that applies at once and never becomes ready."""
    spec = {
        "name": "patient",
        "app": {"manifests": "app.json"},
        "ready": {"timeout": "4m", "conditions": [{"resource": "configmap/never", "condition": "Ready"}]},
    }
    (folder / "app.json").write_text(json.dumps(config_map("never")))
    (folder / "ephemeral.yaml").write_text(json.dumps(spec))
    return "ephemeral.yaml"


def test_cancelled_while_the_cluster_starts(start, tmp_path: Path) -> None:
    shim = start(nodes="simulated")
    wait_for(tmp_path / "log", "create: done")
    cancel(shim)
    wait_for_nothing()
    assert shim.returncode == 130


def test_cancelled_while_the_app_is_waited_for(start, tmp_path: Path) -> None:
    shim = start(nodes="simulated", file=waiting_for_good(tmp_path))
    wait_for(tmp_path / "log", "apply: done")
    (found,) = list_environments()
    assert found["name"].startswith("some-job-")
    cancel(shim)
    wait_for_nothing()
    assert shim.returncode == 130
    assert "name<<" in (tmp_path / "GITHUB_STATE").read_text()


def test_a_lease_outlives_its_job_and_its_keys_are_masked(start, tmp_path: Path) -> None:
    assert start(nodes="simulated", name="kept", lifetime="lease").wait(120) == 0
    kept = ephemeral.attach("kept")
    user = json.loads(kept.kubeconfig.read_text())["users"][0]["user"]
    assert f"::add-mask::{user['client-key-data']}\n" in (tmp_path / "log").read_text()
    for process in LocalProvider().get("kept").processes().values():
        variables = Path(f"/proc/{process['pid']}/environ").read_bytes().split(b"\0")
        assert b"RUNNER_TRACKING_ID=github_1" not in variables  # by which the runner would find and end it
    assert kept.describe()["state"] == "running"
    kept.down()


def test_input_is_never_shell_text(start, tmp_path: Path) -> None:
    shim = start(name="$(touch pwned)`touch pwned`", set="a=$(touch pwned)\nb='; touch pwned", nodes="simulated")
    assert shim.wait(60) == 11  # bad-spec
    assert not (tmp_path / "pwned").exists()
    assert "::error title=environment" in (tmp_path / "log").read_text()
    assert "\nfailed\n" in (tmp_path / "GITHUB_OUTPUT").read_text()


def test_an_unknown_lifetime(start, tmp_path: Path) -> None:
    assert start(lifetime="forever").wait(60) == 1
    assert '::error::lifetime is "forever"; it must be job or lease.' in (tmp_path / "log").read_text()


def test_without_a_python(job: dict[str, str], checkout: Path, tmp_path: Path) -> None:
    elsewhere = {"RUNNER_TOOL_CACHE": str(tmp_path), "RUNNER_TEMP": str(tmp_path)}
    setup = subprocess.run(
        ["bash", checkout / "action/setup.sh"], env={**os.environ, **job, **elsewhere}, capture_output=True, text=True
    )
    assert setup.returncode == 1
    assert "use actions/setup-python" in setup.stdout
