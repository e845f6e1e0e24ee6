"""The examples, run as a user runs them: from the built wheel, in a virtualenv of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.images import busybox_image
from tests.plugin.suites import wait_nothing_left

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def virtualenv(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A virtualenv with the wheel, pytest and pytest-xdist, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("user")
    shell([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, repository], folder)
    [wheel] = folder.glob("*.whl")
    shell([sys.executable, "-m", "venv", folder / "venv"], folder)
    shell([folder / "venv/bin/pip", "install", "--quiet", f"{wheel}[pytest]", "pytest-xdist"], folder)
    return folder / "venv"


@pytest.fixture
def run(virtualenv: Path, repository: Path, tmp_path: Path) -> Run:
    """`pytest ARGUMENTS` in a copy of an example; what it prints."""

    def run(name: str, *arguments: str) -> str:
        example = tmp_path / name
        shutil.copytree(repository / "examples" / "pytest" / name, example)
        command = [virtualenv / "bin/python", "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments]
        return shell(command, example)

    return run


def shell(command: list[str | Path], folder: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    finished = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=600)
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def test_the_wheel_alone_does_what_a_release_asks_of_it(virtualenv: Path, repository: Path, tmp_path: Path) -> None:
    release = (repository / ".github/workflows/release.yml").read_text()
    [command] = [line.split() for line in release.splitlines() if "/bin/ephemeral run" in line]
    program = command[0].replace("/tmp/alone", str(virtualenv))
    assert "node-0   Ready" in shell([program, *command[1:]], tmp_path)
    wait_nothing_left()


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_operator(run: Run, workers: str) -> None:
    output = run("operator", workers)
    assert "4 passed" in output
    assert "widgets-" in output
    wait_nothing_left()


def test_the_web_app(run: Run) -> None:
    output = run("web", f"--ephemeral-image=busybox={busybox_image()}")
    assert "5 passed" in output
    assert "real nodes" in output
    wait_nothing_left()


def test_one_version(run: Run) -> None:
    assert "3 passed" in run("versions", "--ephemeral-kubernetes=1.36")
    wait_nothing_left()


@pytest.mark.extended
@pytest.mark.timeout(2400)
def test_two_versions(run: Run) -> None:
    output = run("versions", "-v")
    assert "5 passed" in output
    for version in ("1.35", "1.36"):
        assert f"test_the_manifests_work[k8s-{version}] PASSED" in output
        assert f"Kubernetes {version}." in output
    wait_nothing_left()


def test_the_virtualenv_is_a_users(virtualenv: Path, repository: Path) -> None:
    """A wheel that lacks a file would show only there."""
    found = shell([virtualenv / "bin/python", "-c", "import pytest_ephemeral as p; print(p.__file__)"], virtualenv)
    assert Path(found.strip()).is_relative_to(virtualenv)
    assert (Path(found.strip()).parent / "py.typed").exists()
    assert repository not in Path(found.strip()).parents
