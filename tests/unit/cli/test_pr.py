"""`ephemeral pr`, `comment` and `gc --repo` as a runner calls them."""

import json

import pytest
from click.testing import CliRunner

from ephemeral.cli import cli
from ephemeral.errors import EphemeralError, PermissionMissingError, SpecError
from ephemeral.leases import Owner
from tests.forges.github_server import GitHubServer
from tests.forges.payloads import REPO, github_variables, payload
from tests.forges.server import serving
from tests.unit.forges.stubs import Environments

TITLE = "$(touch /tmp/pwned); `id` ::error::x @octocat <img src=x>"


@pytest.fixture
def environments(monkeypatch):
    return Environments.installed(monkeypatch)


@pytest.fixture
def server():
    with serving(GitHubServer) as server:
        server.open_pull(7)
        yield server
        assert not server.description.violations


@pytest.fixture
def run(server, environments, tmp_path, monkeypatch):
    """Run a command within an event of octo/shop's pull request 7, unless told otherwise."""
    monkeypatch.chdir(tmp_path)

    def run(*words, event="pull_request", action="closed", content=None, token="ghs_right", **variables):
        if content is None:
            content = payload("pull_request", action) | {"number": 7}
            content["pull_request"] |= {"number": 7, "title": TITLE}
            content["pull_request"]["head"]["repo"]["full_name"] = "octo/shop"
        given = github_variables(tmp_path, event, content, GITHUB_REPOSITORY="octo/shop", GITHUB_API_URL=server.url)
        given |= {"GITHUB_TOKEN": token, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), **variables}
        return CliRunner(env={**given, "EPHEMERAL_STATE_DIR": str(tmp_path)}).invoke(cli, words)

    return run


def test_name(run):
    first, second = run("pr", "name").output, run("pr", "name", "--variant", "docs").output
    assert first.startswith("shop-pr-7-")
    assert second.startswith("docs-pr-7-")
    assert run("pr", "name", EPHEMERAL_VARIANT="docs").output == second


def test_closed(run, server, environments):
    name = run("pr", "name").output.strip()
    environments.put(name, Owner())
    shown = run("pr", "sync", "-o", "json")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == {"state": "removed", "name": name, "reason": "the pull request is closed"}
    assert environments.kept == {}
    assert "is removed" in server.bodies(7)[0]


def test_closed_needs_no_file_of_the_repository(run, tmp_path):
    assert not (tmp_path / "ephemeral.yaml").exists()
    assert run("pr", "sync").exit_code == 0


def test_dry_run_changes_nothing(run, server, environments):
    shown = run("pr", "sync", "--dry-run", "-o", "json")
    assert json.loads(shown.stdout)["would"] == "down"
    assert (environments.calls, server.comments) == ([], {})


def test_nothing_of_a_title_gets_anywhere(run, server, tmp_path):
    shown = run("pr", "sync")
    everything = "\n".join([shown.output, *server.bodies(7), (tmp_path / "summary.md").read_text()])
    for bad in ("pwned", "::error::x", "@octocat", "<img"):
        assert bad not in everything


def test_outside_of_ci(run):
    shown = run("pr", "sync", GITHUB_ACTIONS="")
    assert isinstance(shown.exception, SpecError)
    assert "no run of GitHub Actions or GitLab CI" in str(shown.exception)


def test_missing_payload(run):
    shown = run("pr", "sync", GITHUB_EVENT_PATH="/no/such/file")
    assert "GITHUB_EVENT_PATH (/no/such/file): No such file" in str(shown.exception)


def test_event_of_no_pull_request(run, environments):
    shown = run("pr", "sync", event="push", content=payload("push"))
    assert shown.exit_code == 0
    assert "push is of no pull request" in shown.output
    assert environments.calls == []


def test_without_a_token_it_removes_and_warns(run, server, environments):
    shown = run("pr", "sync", token="")
    assert shown.exit_code == 0
    assert "GITHUB_TOKEN is not set" in shown.output
    assert environments.calls
    assert server.requests == []


def test_schedule(run, server, environments):
    server.close(7)
    environments.put("old", Owner(repo="github.com/octo/shop", pull_request="7"))
    shown = run("pr", "sync", "--dry-run", "-o", "json", event="schedule", content={})
    assert [each["name"] for each in json.loads(shown.stdout)] == ["old"]
    assert run("pr", "sync", event="schedule", content={}).exit_code == 0
    assert environments.kept == {}
    assert "Nothing to reclaim." in run("pr", "sync", event="schedule", content={}).output


def test_schedule_that_could_not_reclaim_all(run, server, environments):
    environments.put("odd", Owner(repo="github.com/octo/shop", pull_request="999"))
    assert run("pr", "sync", event="schedule", content={}).exit_code == 1


def test_schedule_without_a_token(run):
    shown = run("pr", "sync", event="schedule", content={}, token="")
    assert isinstance(shown.exception, PermissionMissingError)


def test_gc_of_the_repository(run, server, environments):
    server.close(7)
    environments.put("old", Owner(repo="github.com/octo/shop", pull_request="7"))
    shown = run("gc", "--repo", "--check", "-o", "json", event="schedule", content={})
    assert shown.exit_code == 1
    assert json.loads(shown.stdout) == [{"name": "old", "reason": "the pull request is closed", "error": ""}]
    assert run("gc", "--repo", event="schedule", content={}).exit_code == 0
    assert environments.kept == {}


def test_comment_alone(run, server, environments):
    name = run("pr", "name").output.strip()
    environments.put(name, Owner())
    assert run("comment").exit_code == 0
    assert "is ready" in server.bodies(7)[0]
    assert run("comment", "--failure", "the tests failed").exit_code == 0
    assert "the tests failed" in server.bodies(7)[0]
    environments.kept.clear()
    assert run("comment").exit_code == 0
    (body,) = server.bodies(7)
    assert "is removed" in body


def test_comment_without_permission_is_a_warning(run, server, environments):
    server.token = "another"
    shown = run("comment")
    assert shown.exit_code == 0
    assert "::warning title=no comment::" in shown.output


def test_kubeconfig_that_is_none_is_said_at_once(run, environments):
    shown = run("pr", "sync", EPHEMERAL_HOST_KUBECONFIG="nonsense")
    assert isinstance(shown.exception, EphemeralError)
    assert environments.calls == []


def test_payloads_are_of_a_repository():
    assert payload("pull_request", "opened")["repository"]["full_name"] == REPO
