"""A pull request from opened to closed: each event in a process of its own, on a machine that knows none of the others.

Environments are real; GitHub is the fake that is held to GitHub's own description.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ephemeral import Environment
from tests.e2e.vcluster.shop import comment, namespaces, pull_request, push
from tests.forges.payloads import github_variables
from tests.forges.repositories import Repository

pytestmark = pytest.mark.cluster


@pytest.fixture
def happen(host: Environment, github: Any, shop: Repository, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run `ephemeral pr sync` as GitHub would for an event; what it printed."""
    numbers = iter(range(100))

    def happen(event: str, content: dict[str, Any]) -> dict[str, Any]:
        number = next(numbers)
        variables = github_variables(
            tmp_path,
            event,
            content,
            GITHUB_REPOSITORY="octo/shop",
            GITHUB_API_URL=github.url,
            GITHUB_RUN_ID=f"{number}",
        )
        kubeconfig = base64.b64encode(host.kubeconfig.read_bytes()).decode()
        state = {"EPHEMERAL_STATE_DIR": str(tmp_path / f"machine-{number}"), "EPHEMERAL_HOST_KUBECONFIG": kubeconfig}
        finished = subprocess.run(
            [sys.executable, "-m", "ephemeral", "pr", "sync", "-o", "json"],
            env={**os.environ, **variables, **state, "GITHUB_TOKEN": github.token},
            cwd=shop.folder,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
        return dict(json.loads(finished.stdout))

    return happen


def test_from_opened_to_closed(host, github, shop, happen):
    before = namespaces(host)
    opened = happen("pull_request", pull_request("opened", shop.head))
    assert (opened["state"], opened["provider"]) == ("ready", "vcluster")
    assert opened["owner"] == {
        "repo": "github.com/octo/shop",
        "pull_request": "7",
        "run": "0",
        "user": "Codertocat",
    }
    (body,) = github.bodies(7)
    assert re.search(r"is ready.*Deployment default.*1&#47;1 ready", body, re.DOTALL)
    assert opened["namespace"] in namespaces(host)

    head = push(shop, github)
    pushed = happen("pull_request", pull_request("synchronize", head))
    assert (pushed["state"], pushed["name"], pushed["created-at"]) == ("ready", opened["name"], opened["created-at"])
    (body,) = github.bodies(7)
    assert "2&#47;2 ready" in body

    extended = happen("issue_comment", comment("/ephemeral extend 8h"))
    assert extended["state"] == "extended"
    assert extended["expires-at"] > pushed["expires-at"]

    github.close(7)
    closed = happen("pull_request", pull_request("closed", head))
    assert (closed["state"], closed["reason"]) == ("removed", "the pull request is closed")
    assert namespaces(host) == before
    (body,) = github.bodies(7)
    assert "is removed" in body
