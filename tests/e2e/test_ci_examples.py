"""The examples for CI systems that need no host cluster, run as they stand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from tests.forges.gitlab_runner import gitlab_jobs
from tests.forges.repositories import commit, git

pytestmark = pytest.mark.cluster


@pytest.fixture
def checkout(tmp_path: Path, repository: Path) -> Path:
    """A clone of a repository that has what the examples name."""
    folder = tmp_path / "checkout"
    for part in ("templates", "examples/gitlab", "examples/plain", "examples/guestbook"):
        shutil.copytree(repository / part, folder / part)
    git(folder, "init", "--quiet")
    commit(folder, {".gitignore": ".gitlab-ci-local*\n"}, "all")
    git(folder, "remote", "add", "origin", "https://gitlab.test/octo/shop.git")
    return folder


@pytest.fixture
def env() -> dict[str, str]:
    """`ephemeral` and `pytest` on PATH, as on an image that has them."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTEST_ADDOPTS": "-p no:cacheprovider"}


def test_tests_in_a_gitlab_job(cli, checkout, env):
    shown = gitlab_jobs(checkout, "examples/gitlab/test.gitlab-ci.yml", {"EPHEMERAL_PACKAGE": ""}, env=env)
    assert "3 passed" in shown
    files = {path.name: JUnitXml.fromfile(str(path)) for path in checkout.rglob("*-junit.xml")}
    assert files.keys() >= {"ephemeral-junit.xml", "tests-junit.xml"}
    assert sum(suite.tests for suite in files["tests-junit.xml"]) == 3
    assert json.loads(cli("list", "-o", "json").stdout) == []


def test_a_shell_script(cli, checkout, env):
    def script(*words: str, code: int = 0) -> str:
        finished = subprocess.run(
            ["examples/plain/ci.sh", *words],
            cwd=checkout,
            env={**env, "PACKAGE": ""},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert finished.returncode == code, f"{finished.stdout}\n{finished.stderr}"
        return finished.stdout

    script("test", "sh", "-c", 'test -s "$KUBECONFIG"; exit 3', code=3)
    assert json.loads(cli("list", "-o", "json").stdout) == []
    script("review", "Feature/x#1")
    (found,) = json.loads(cli("list", "-o", "json").stdout)
    assert found["name"].startswith("review-feature-x-1-")
    assert (checkout / "ephemeral.env").read_text() == f"EPHEMERAL_CURRENT={found['name']}\n"
    assert "removed" in script("stop", "Feature/x#1")
    assert "was not there" in script("stop", "Feature/x#1")
    script("gc")
    script(code=2)
