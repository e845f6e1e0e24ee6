"""Every workflow and action is what GitHub's own schema and the linter of workflows take."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from ephemeral.process import run
from tests import programs

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted(
    path for folder in (".github/workflows", "examples/github", "tests/e2e/actions/workflows")
    for path in (ROOT / folder).glob("*.yml")
)  # fmt: skip
ACTIONS = [ROOT / "action.yml", *sorted((ROOT / "actions").glob("*/action.yml"))]


def check(schema: str, files: list[Path]) -> None:
    run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files], timeout=120)


def test_workflows_fit_their_schema_and_lint() -> None:
    assert len(WORKFLOWS) >= 8
    check("vendor.github-workflows", WORKFLOWS)
    run([programs.actionlint(), "-shellcheck=", "-pyflakes=", *WORKFLOWS], timeout=120)


def test_actions_fit_their_schema() -> None:
    assert {path.parent.name for path in ACTIONS[1:]} == {"setup", "up", "deploy", "comment", "down", "gc", "preview"}
    check("vendor.github-actions", ACTIONS)


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_no_value_becomes_shell_text(path: Path) -> None:
    for step in yaml.safe_load(path.read_text())["runs"].get("steps", []):
        assert "${{" not in step["run"]


def test_every_input_of_the_action_reaches_the_scripts() -> None:
    inputs = set(yaml.safe_load(ACTIONS[0].read_text())["inputs"])
    read = "".join(path.read_text() for path in (ROOT / "action").glob("*.js"))
    unread = {name for name in inputs if not re.search(rf'"?{name}"?: "EPHEMERAL_|input\("{name}"\)', read)}
    assert unread == set()


@pytest.mark.parametrize("page", ["README.md", "docs/ci.md"])
def test_pages_show_the_example_that_is_run(page: str) -> None:
    _, _, example = (ROOT / "examples/github/test.yml").read_text().partition("\n")
    assert f"```yaml\n{example}```" in (ROOT / page).read_text()
