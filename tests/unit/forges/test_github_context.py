"""What a GitHub run is about, from payloads of every trigger."""

from datetime import UTC, datetime

import pytest

from ephemeral.errors import SpecError
from ephemeral.forges.context import owner_from_ci, read_context
from tests.forges.payloads import REPO, actions, github_variables, payload


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize("action", sorted(actions("pull_request")))
def test_every_action_of_a_pull_request(tmp_path, event, action):
    given = payload("pull_request", action)
    context = read_context(github_variables(tmp_path, event, given, GITHUB_REPOSITORY=given["repository"]["full_name"]))
    pull = given["pull_request"]
    assert (context.trigger, context.action, context.number) == ("pull-request", action, pull["number"])
    assert (context.sha, context.base_sha) == (pull["head"]["sha"], pull["base"]["sha"])
    assert (context.head_ref, context.base_ref) == (pull["head"]["ref"], pull["base"]["ref"])
    assert context.is_open == (action != "closed")
    assert context.is_fork == (pull["head"]["repo"]["full_name"] != given["repository"]["full_name"])
    assert context.label == (given["label"]["name"] if "label" in given else "")
    assert context.title == pull["title"]


def test_fork_and_draft_and_labels(tmp_path):
    given = payload("pull_request", "opened")
    given["pull_request"]["head"]["repo"]["full_name"] = "mallory/Hello-World"
    given["pull_request"]["draft"] = True
    given["pull_request"]["labels"] = [{"name": "preview"}, {"name": "bug"}]
    context = read_context(github_variables(tmp_path, "pull_request", given))
    assert (context.is_fork, context.is_draft, context.labels) == (True, True, ("preview", "bug"))


def test_fork_whose_repository_was_deleted(tmp_path):
    given = payload("pull_request", "closed")
    given["pull_request"]["head"]["repo"] = None
    assert read_context(github_variables(tmp_path, "pull_request", given)).is_fork


def test_comment_on_a_pull_request(tmp_path):
    given = payload("issue_comment", "created")
    given["issue"]["pull_request"] = {"url": "https://api.github.com/repos/x/y/pulls/1"}
    given["comment"] |= {"body": "/ephemeral up", "created_at": "2026-01-02T03:04:05Z"}
    context = read_context(github_variables(tmp_path, "issue_comment", given))
    assert (context.trigger, context.number, context.comment) == ("comment", given["issue"]["number"], "/ephemeral up")
    assert context.commented_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert context.sha == ""  # GITHUB_SHA is the default branch's
    assert context.sender == given["sender"]["login"]


def test_comment_on_an_issue_is_of_no_pull_request(tmp_path):
    context = read_context(github_variables(tmp_path, "issue_comment", payload("issue_comment", "created")))
    assert context.number == 0


def test_run_that_follows_another(tmp_path):
    given = payload("workflow_run", "completed")
    context = read_context(github_variables(tmp_path, "workflow_run", given))
    run = given["workflow_run"]
    assert (context.trigger, context.sha, context.head_ref) == ("follow-up", run["head_sha"], run["head_branch"])
    assert context.head_repo == run["head_repository"]["full_name"]
    assert context.number == 0  # never read from what the run brings: the forge is asked


@pytest.mark.parametrize(
    ("event", "trigger"),
    [("push", "other"), ("workflow_dispatch", "manual"), ("merge_group", "other"), ("schedule", "schedule")],
)
def test_events_without_a_pull_request(tmp_path, event, trigger):
    given = {} if event == "schedule" else payload(event)
    context = read_context(github_variables(tmp_path, event, given))
    assert (context.trigger, context.number, context.sha, context.ref) == (trigger, 0, "f" * 40, "main")
    assert context.run_url == f"https://github.com/{REPO}/actions/runs/4242"


@pytest.mark.parametrize("content", ["", "{", "no json"])
@pytest.mark.parametrize("event", ["pull_request", "issue_comment", "workflow_run"])
def test_payload_that_is_needed_and_broken(tmp_path, event, content):
    with pytest.raises(SpecError, match=r"payload can't be read: GITHUB_EVENT_PATH.*not JSON"):
        read_context(github_variables(tmp_path, event, content))


def test_payload_that_is_not_there(tmp_path):
    variables = github_variables(tmp_path, "pull_request", {}, GITHUB_EVENT_PATH="")
    with pytest.raises(SpecError, match="not set"):
        read_context(variables)
    assert read_context(variables | {"GITHUB_EVENT_NAME": "push"}).event == "push"
    assert owner_from_ci(variables) is None


@pytest.mark.parametrize("content", ["[]", '"x"', '{"pull_request": 7}', '{"pull_request": {"head": []}}', "{}"])
def test_payload_of_another_shape(tmp_path, content):
    context = read_context(github_variables(tmp_path, "pull_request", content))
    assert (context.number, context.sha) == (0, "f" * 40)


def test_owner(tmp_path):
    given = payload("pull_request", "opened")
    owner = owner_from_ci(github_variables(tmp_path, "pull_request", given, GITHUB_RUN_ATTEMPT="3"))
    assert (owner.repo, owner.pull_request, owner.run) == (f"github.com/{REPO}", f"{given['number']}", "4242/3")
    assert owner.user == given["sender"]["login"]


def test_outside_of_ci():
    assert read_context({}) is None
    assert owner_from_ci({}) is None
