"""A pull request from opened to closed: each event in a process of its own, on a machine that knows none of the others.

Environments are real; GitHub is the fake that is held to GitHub's own description.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ephemeral import Environment
from tests import programs
from tests.e2e.objects import deployment
from tests.forges.github_server import GitHubServer
from tests.forges.payloads import github_variables, payload
from tests.forges.repositories import Repository, commit, git, make_repository
from tests.forges.server import serving
from tests.images import AGNHOST

pytestmark = pytest.mark.cluster


def app(replicas: int) -> str:
    return json.dumps(deployment("web", image=AGNHOST, args=["pause"], replicas=replicas))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    chart = str(programs.vcluster() / "chart")
    base = {
        "cluster": {"provider": "vcluster", "host": {"chart": {"source": chart}}},
        "isolation": {"quota": {"pods": 9}},
    }
    # What it says of its cluster and quota counts once it is merged.
    change = {"cluster": {"provider": "local"}, "isolation": {"preset": "none"}, "app": {"manifests": "app.json"}}
    files = {"ephemeral.yaml": json.dumps(change), "app.json": app(1)}
    return make_repository(tmp_path, {"ephemeral.yaml": json.dumps(base)}, files)


@pytest.fixture
def github(repository: Repository) -> Iterator[Any]:
    with serving(GitHubServer) as server:
        server.open_pull(7, head=repository.head)
        server.files["main", "ephemeral.yaml"] = git(repository.origin, "show", "main:ephemeral.yaml")
        yield server
        assert not server.description.violations


@pytest.fixture
def happen(host: Environment, github: Any, repository: Repository, tmp_path: Path) -> Callable[..., dict[str, Any]]:
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
            cwd=repository.folder,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
        return dict(json.loads(finished.stdout))

    return happen


def pull_request(action: str, head: str) -> dict[str, Any]:
    content = payload("pull_request", action)
    content["number"] = content["pull_request"]["number"] = 7
    content["pull_request"]["head"].update(sha=head, ref="feature")
    content["pull_request"]["head"]["repo"]["full_name"] = "octo/shop"
    return content


def comment(text: str) -> dict[str, Any]:
    content = payload("issue_comment", "created")
    content["issue"] |= {"number": 7, "pull_request": {"url": "https://api.github.com/repos/octo/shop/pulls/7"}}
    content["comment"] |= {"body": text, "created_at": "2027-01-01T00:00:00Z"}
    content["sender"]["login"] = "octocat"
    return content


def push(repository: Repository, github: Any) -> str:
    """The branch gets two replicas; the runner checks it out."""
    git(repository.origin, "checkout", "--quiet", "--detach", repository.head)
    head = commit(repository.origin, {"app.json": app(2)}, "scale")
    git(repository.origin, "update-ref", "refs/pull/7/head", head)
    github.push(7, head)
    return head


def namespaces(host: Environment) -> list[str]:
    return [each["metadata"]["name"] for each in host.kube.list("v1", "Namespace")]


def test_from_opened_to_closed(host, github, repository, happen):
    before = namespaces(host)
    opened = happen("pull_request", pull_request("opened", repository.head))
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

    head = push(repository, github)
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
