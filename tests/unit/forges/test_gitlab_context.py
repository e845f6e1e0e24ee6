"""What a GitLab job is about, from its predefined variables."""

import pytest

from ephemeral.forges.context import read_context

MERGE_REQUEST = {
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "tanuki",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_COMMIT_REF_NAME": "feature/x",
    "CI_COMMIT_SHA": "c" * 40,
    "CI_JOB_URL": "https://gitlab.example.com/group/app/-/jobs/9",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "b" * 40,
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_LABELS": "preview, bug",
    "CI_MERGE_REQUEST_PROJECT_PATH": "group/app",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/x",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "group/app",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_TITLE": "Add x",
    "CI_PIPELINE_ID": "77",
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_PROJECT_PATH": "group/app",
    "CI_SERVER_URL": "https://gitlab.example.com",
}


def test_merge_request():
    context = read_context(MERGE_REQUEST)
    assert (context.forge, context.trigger, context.number) == ("gitlab", "pull-request", 12)
    assert (context.sha, context.base_sha, context.base_ref) == ("c" * 40, "b" * 40, "main")
    assert (context.labels, context.is_fork, context.is_draft) == (("preview", "bug"), False, False)
    assert context.owner.repo == "gitlab.example.com/group/app"
    assert (context.owner.pull_request, context.owner.run, context.owner.user) == ("12", "77", "tanuki")


def test_merged_result_is_about_the_branch():
    merged = {"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "d" * 40, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "e" * 40}
    context = read_context(MERGE_REQUEST | merged)
    assert (context.sha, context.base_sha) == ("d" * 40, "e" * 40)


def test_fork_whose_pipeline_runs_in_the_fork():
    context = read_context(
        MERGE_REQUEST | {"CI_PROJECT_PATH": "mallory/app", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/app"}
    )
    assert context.is_fork
    assert context.repo == "group/app"


@pytest.mark.parametrize("title", ["Draft: x", "draft: x", "[Draft] x", "(Draft) x"])
def test_draft_by_title(title):
    assert read_context(MERGE_REQUEST | {"CI_MERGE_REQUEST_TITLE": title}).is_draft


def test_draft_by_variable():
    assert read_context(MERGE_REQUEST | {"CI_MERGE_REQUEST_DRAFT": "true"}).is_draft


def test_job_that_stops_the_environment():
    assert read_context(MERGE_REQUEST | {"CI_ENVIRONMENT_ACTION": "stop"}).action == "closed"
    assert read_context(MERGE_REQUEST | {"CI_ENVIRONMENT_ACTION": "start"}).action == ""


@pytest.mark.parametrize(("source", "trigger"), [("push", "other"), ("schedule", "schedule"), ("web", "manual")])
def test_other_pipelines(source, trigger):
    rest = {name: value for name, value in MERGE_REQUEST.items() if "MERGE_REQUEST" not in name}
    context = read_context(rest | {"CI_PIPELINE_SOURCE": source})
    assert (context.trigger, context.number, context.repo, context.ref) == (trigger, 0, "group/app", "feature/x")
