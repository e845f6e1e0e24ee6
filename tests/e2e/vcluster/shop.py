"""A repository with pull request 7, GitHub's events about it, and what the branch's owner does."""

import json
from typing import Any

from ephemeral import Environment
from tests.e2e.objects import deployment
from tests.forges.payloads import payload
from tests.forges.repositories import Repository, commit, git
from tests.images import AGNHOST


def app(replicas: int) -> str:
    return json.dumps(deployment("web", image=AGNHOST, args=["pause"], replicas=replicas))


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


def push(shop: Repository, github: Any) -> str:
    """The branch gets two replicas; the runner checks it out."""
    git(shop.origin, "checkout", "--quiet", "--detach", shop.head)
    head = commit(shop.origin, {"app.json": app(2)}, "scale")
    git(shop.origin, "update-ref", "refs/pull/7/head", head)
    github.push(7, head)
    return head


def namespaces(host: Environment) -> list[str]:
    return [each["metadata"]["name"] for each in host.kube.list("v1", "Namespace")]
