"""A pull request from opened to closed: each event in a process of its own, on a machine that knows none of the others.

Environments are real; GitHub is the fake that is held to GitHub's own description.
"""

import re

import pytest

from tests.e2e.vcluster.shop import comment, namespaces, pull_request, push

pytestmark = pytest.mark.cluster


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
