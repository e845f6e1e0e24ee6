"""The context of a GitLab CI job."""

from collections.abc import Mapping

from ephemeral.forges.context import Context, Trigger

_TRIGGERS: Mapping[str, Trigger] = {
    "merge_request_event": "pull-request",
    "schedule": "schedule",
    "web": "manual",
    "api": "manual",
}


def read_gitlab(environ: Mapping[str, str]) -> Context:
    """Read the predefined CI variables."""

    def variable(name: str) -> str:
        return environ.get(f"CI_{name}", "")

    event = variable("PIPELINE_SOURCE")
    number = variable("MERGE_REQUEST_IID")
    title = variable("MERGE_REQUEST_TITLE")
    labels = variable("MERGE_REQUEST_LABELS")
    return Context(
        forge="gitlab",
        trigger="pull-request" if number else _TRIGGERS.get(event, "other"),
        server=variable("SERVER_URL") or "https://gitlab.com",
        api=variable("API_V4_URL") or "https://gitlab.com/api/v4",
        # A merge request's pipeline may run in the fork: what it is about is where it is to be merged.
        repo=variable("MERGE_REQUEST_PROJECT_PATH") or variable("PROJECT_PATH"),
        event=event,
        # The job that `on_stop` names runs in a pipeline like any other; only this tells it apart.
        action="stopped" if variable("ENVIRONMENT_ACTION") == "stop" else "",
        run=variable("PIPELINE_ID"),
        run_url=variable("JOB_URL") or variable("PIPELINE_URL"),
        ref=variable("COMMIT_REF_NAME"),
        # The head of the branch; CI_COMMIT_SHA is the merged result's where GitLab tests that.
        sha=variable("MERGE_REQUEST_SOURCE_BRANCH_SHA") or variable("COMMIT_SHA"),
        number=int(number) if number.isdecimal() else 0,
        title=title,
        head_repo=variable("MERGE_REQUEST_SOURCE_PROJECT_PATH"),
        head_ref=variable("MERGE_REQUEST_SOURCE_BRANCH_NAME"),
        base_ref=variable("MERGE_REQUEST_TARGET_BRANCH_NAME"),
        base_sha=variable("MERGE_REQUEST_TARGET_BRANCH_SHA") or variable("MERGE_REQUEST_DIFF_BASE_SHA"),
        is_draft=variable("MERGE_REQUEST_DRAFT") == "true"
        or title.lower().startswith(("draft:", "[draft]", "(draft)")),
        labels=tuple(label.strip() for label in labels.split(",") if label.strip()),
        sender=environ.get("GITLAB_USER_LOGIN", ""),
    )
