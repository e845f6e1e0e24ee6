"""The context of a GitHub Actions run."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.forges.context import Context, Trigger

_TRIGGERS: Mapping[str, Trigger] = {
    "pull_request": "pull-request",
    "pull_request_target": "pull-request",
    "issue_comment": "comment",
    "workflow_run": "follow-up",
    "schedule": "schedule",
    "workflow_dispatch": "manual",
}
#: These say nothing about their pull request but in the payload.
_NEED_PAYLOAD = ("pull_request", "pull_request_target", "issue_comment", "workflow_run")


def read_github(environ: Mapping[str, str]) -> Context:
    """Read the variables and the payload that they name. Raises SpecError when a payload that is needed is missing."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    payload = _payload(environ, needed=event in _NEED_PAYLOAD)
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    repo, run = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    return Context(
        forge="github",
        trigger=_TRIGGERS.get(event, "other"),
        server=server,
        api=environ.get("GITHUB_API_URL", "https://api.github.com"),
        repo=repo,
        event=event,
        action=_text(payload, "action"),
        run=run,
        attempt=_number(environ.get("GITHUB_RUN_ATTEMPT")) or 1,
        run_url=f"{server}/{repo}/actions/runs/{run}" if run else "",
        ref=environ.get("GITHUB_REF_NAME", ""),
        sender=_text(payload, "sender", "login") or environ.get("GITHUB_ACTOR", ""),
        **_pull_request(event, payload),
        **_head(event, payload, environ),
    )


def _payload(environ: Mapping[str, str], *, needed: bool) -> dict[str, Any]:
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        payload = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if not needed:
            return {}
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        where = f"GITHUB_EVENT_PATH ({path or 'not set'})"
        raise SpecError(
            f"the event's payload can't be read: {where}: {reason}.", hint="The runner writes it."
        ) from error
    return payload if isinstance(payload, dict) else {}


def _pull_request(event: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the payload says about the pull request itself."""
    if event == "issue_comment":
        issue = _at(payload, "issue")
        return _facts(issue if _at(issue, "pull_request") else {}) | {
            "comment": _text(payload, "comment", "body"),
            "commented_at": _moment(_text(payload, "comment", "created_at")),
        }
    return _facts(_at(payload, "pull_request")) | {"label": _text(payload, "label", "name")}


def _facts(found: Any) -> dict[str, Any]:
    labels = _at(found, "labels")
    return {
        "number": _number(_at(found, "number")),
        "title": _text(found, "title"),
        "is_open": _text(found, "state") != "closed",
        "is_draft": _at(found, "draft") is True,
        "labels": tuple(_text(each, "name") for each in labels) if isinstance(labels, list) else (),
        "base_ref": _text(found, "base", "ref"),
        "base_sha": _text(found, "base", "sha"),
    }


def _head(event: str, payload: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The commit that the run is about, and where it comes from. A fork that was deleted is still a fork."""
    if event == "workflow_run":
        found = _at(payload, "workflow_run")
        repo = _text(found, "head_repository", "full_name") or "deleted"
        return {"sha": _text(found, "head_sha"), "head_repo": repo, "head_ref": _text(found, "head_branch")}
    if event == "issue_comment":  # it runs on the default branch; the pull request's head is asked for later
        return {}
    head = _at(payload, "pull_request", "head")
    if not isinstance(head, dict):
        return {"sha": environ.get("GITHUB_SHA", "")}
    repo = _text(head, "repo", "full_name") or ("deleted" if "repo" in head else "")
    return {"sha": _text(head, "sha"), "head_repo": repo, "head_ref": _text(head, "ref")}


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any, *keys: str) -> str:
    found = _at(value, *keys)
    return found if isinstance(found, str) else ""


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
