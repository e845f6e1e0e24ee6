"""Events as runners hand them over: payloads of octokit's collection, with what a test is about put in."""

import copy
import functools
import json
from pathlib import Path
from typing import Any

from tests.npm import npm_file

REPO = "Codertocat/Hello-World"


@functools.cache
def _all() -> dict[str, list[dict[str, Any]]]:
    found = json.loads(npm_file("@octokit/webhooks-examples", "api.github.com/index.json").read_bytes())
    return {each["name"]: each["examples"] for each in found}


def payload(event: str, action: str | None = None) -> dict[str, Any]:
    """A fresh copy of the first example of an event, and of one of its actions."""
    return copy.deepcopy(next(each for each in _all()[event] if action in (None, each.get("action"))))


def actions(event: str) -> set[str]:
    """The actions that there are examples of."""
    return {each["action"] for each in _all()[event]}


def github_variables(folder: Path, event: str, content: Any, **more: str) -> dict[str, str]:
    """The environment variables of a run, and the payload's file."""
    path = folder / "event.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "somebody",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REF_NAME": "main",
        "GITHUB_REPOSITORY": REPO,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "4242",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": "f" * 40,
        **more,
    }
