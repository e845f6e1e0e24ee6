"""examples/github/pr.yml and nightly-gc.yml as they stand, run by `act` for events, each on a machine of its own."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.act import Act, copy_checkout
from tests.e2e.vcluster.shop import comment, namespaces, pull_request
from tests.forges.repositories import git

pytestmark = pytest.mark.cluster


@pytest.fixture
def happen(host, github, shop, repository: Path, tmp_path: Path) -> Callable[..., str]:
    """Run the workflow of an event; the runner's log."""
    git(shop.folder, "branch", "here")  # act copies no empty folder, and without refs/ it is no repository
    checkout = copy_checkout(repository, tmp_path / "checkout")
    numbers = iter(range(100))
    kubeconfig = base64.b64encode(host.kubeconfig.read_bytes()).decode()

    def happen(workflow: str, event: str, payload: dict[str, Any]) -> str:
        scratch = tmp_path / f"machine-{next(numbers)}"
        scratch.mkdir()
        variables = {
            "EPHEMERAL_CACHE_DIR": os.environ["EPHEMERAL_CACHE_DIR"],
            "EPHEMERAL_STATE_DIR": str(scratch / "state"),
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": "octo/shop",
        }
        act = Act(checkout=checkout, scratch=scratch, variables=variables)
        secrets = {"GITHUB_TOKEN": github.token, "HOST_KUBECONFIG": kubeconfig}
        log = act.run(
            shop.folder,
            repository / "examples/github" / workflow,
            event,
            payload=payload,
            secrets=secrets,
        )
        assert kubeconfig not in log.stdout
        assert github.token not in log.stdout
        return log.stdout

    return happen


@pytest.mark.timeout(600)
def test_a_pull_request_from_opened_to_closed(host, github, shop, happen):
    before = namespaces(host)
    happen("pr.yml", "pull_request", pull_request("opened", shop.head))
    (made,) = set(namespaces(host)) - set(before)
    (body,) = github.bodies(7)
    assert "is ready" in body

    assert "extended" in happen("pr.yml", "issue_comment", comment("/ephemeral extend 8h"))
    assert made in namespaces(host)

    github.close(7)
    happen("pr.yml", "pull_request", pull_request("closed", shop.head))
    assert namespaces(host) == before
    (body,) = github.bodies(7)
    assert "is removed" in body


@pytest.mark.extended
@pytest.mark.timeout(600)
def test_the_night_finds_what_no_event_removed(host, github, shop, happen):
    before = namespaces(host)
    happen("pr.yml", "pull_request", pull_request("opened", shop.head))
    assert namespaces(host) != before
    github.close(7)  # and the event is lost
    happen("nightly-gc.yml", "schedule", {})
    assert namespaces(host) == before
