"""Files for CI systems: valid by their publishers' schemas, and pages show them as they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GITLAB = [*(ROOT / "templates").glob("*.gitlab-ci.yml"), *(ROOT / "examples/gitlab").glob("*.yml")]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


def quoted(page: Path) -> list[tuple[str, str]]:
    """Path and text of every block whose sentence links to the file under ``examples/gitlab`` that it shows."""
    block = r"\[[^\]]*\]\((?:\.\./)?(examples/gitlab/[^)]+)\)[^\n]*\n\n```yaml\n(.*?)^```"
    return re.findall(block, page.read_text(), re.MULTILINE | re.DOTALL)


def test_gitlab_accepts_them():
    options = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    finished = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *options, *GITLAB], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout
    assert len(GITLAB) >= 3


@pytest.mark.parametrize(("path", "text"), [entry for page in PAGES for entry in quoted(page)])
def test_pages_show_what_is_tested(path, text):
    assert text == (ROOT / path).read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/gitlab.md"])
def test_pages_show_something(page):
    assert quoted(ROOT / page)
