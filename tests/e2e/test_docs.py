"""Every command and every Python block of README and docs runs, in the order in which a reader meets it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.images import podinfo_image, traefik_image

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Commands that this very run consists of: `.ci/run` runs them, so running them here would never end. Of the last one,
#: which takes an hour, it runs a part.
ELSEWHERE = {"pip install -e '.[dev]'", "nox", "nox -s conformance"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell_env(tmp_path: Path) -> dict[str, str]:
    """`ephemeral`, `kubectl` and `pytest` as a reader has them."""
    kubectl = subprocess.run(
        [sys.executable, "-m", "ephemeral", "tools", "path", "kubectl"], capture_output=True, text=True, check=True
    ).stdout.strip()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    # As built by a reader without a registry at hand.
    images = {"PODINFO_IMAGE": str(podinfo_image()), "TRAEFIK_IMAGE": str(traefik_image())}
    places = {"PATH": path, "EPHEMERAL_REPORT": str(tmp_path / "report")}
    return {**os.environ, **images, **places, "PYTEST_ADDOPTS": "-p no:cacheprovider"}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=lambda page: page.name)
def test_every_command_of_a_page_runs(page: Path, shell_env: dict[str, str]) -> None:
    commands = [
        part.strip()
        for block in blocks(page, "sh")
        for line in block.replace("\\\n", " ").splitlines()
        for part in line.partition("  #")[0].split(" && ")
    ]
    assert commands
    for command in commands:
        if command and command not in ELSEWHERE:
            finished = subprocess.run(
                ["bash", "-c", command],
                cwd=ROOT,
                env=shell_env,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"


def test_what_is_not_run_here_is_run_by_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^pip install .*'\.\[dev\]'$", script, re.MULTILINE)
    assert re.search(r"^nox( |$)", script, re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_every_python_block_runs(page: Path, shell_env: dict[str, str]) -> None:
    for block in blocks(page, "python"):
        finished = subprocess.run(
            [sys.executable, "-c", block],
            cwd=ROOT,
            env=shell_env,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert finished.returncode == 0, f"{block}\n{finished.stdout}\n{finished.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
