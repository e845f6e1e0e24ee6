"""A pull request whose pushes are judged: a good one that waits for its promotion, then a failing one."""

import json
from pathlib import Path
from typing import Any

import pytest

from ephemeral import Environment
from tests import podinfo, programs
from tests.e2e.vcluster.shop import comment, namespaces, pull_request
from tests.forges.repositories import Repository, commit, git, make_repository
from tests.images import PODINFO, podinfo_image, traefik_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended, pytest.mark.timeout(900)]

IMAGE = PODINFO.partition(":")[0]


def app(**env: str) -> str:
    """What the pull request deploys: podinfo with its own switches."""
    objects = podinfo.app()
    (container,) = objects[0]["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"]}
    values |= {f"PODINFO_{key}": value for key, value in env.items()}
    container["env"] = [{"name": name, "value": value} for name, value in values.items()]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    preview = {
        "service": "podinfo",
        "baseline": {"images": {IMAGE: f"{IMAGE}:${{EPHEMERAL_BASE_SHA}}"}},
        "grace": "1s",
        "on-pass": "hold",
        "load": {"rate": 50, "duration": "20s", "port": "http"},
        "checks": [{"compare": "errors", "worse-by": "10%"}],
    }
    base = {
        "cluster": {"provider": "vcluster", "host": {"chart": {"source": str(programs.vcluster() / "chart")}}},
        "env": ["EPHEMERAL_BASE_SHA", "EPHEMERAL_HEAD_SHA"],
        "preview": preview,
    }
    candidate = {"images": {IMAGE: f"{IMAGE}:${{EPHEMERAL_HEAD_SHA}}"}, "manifests": "candidate.json"}
    change = {"app": {"manifests": "app.json"}, "preview": {"service": "podinfo", "candidate": candidate}}
    files = {"ephemeral.yaml": json.dumps(change), "app.json": app(), "candidate.json": app(UI_MESSAGE="candidate")}
    return make_repository(tmp_path, {"ephemeral.yaml": json.dumps(base)}, files)


def test_each_push_gets_a_verdict_and_a_comment_promotes(host: Environment, github: Any, shop: Repository, happen):
    before = namespaces(host)
    host.load_image(traefik_image())
    opened = pull_request("opened", shop.head)
    host.load_image(podinfo_image(), f"{IMAGE}:{opened['pull_request']['base']['sha']}")
    host.load_image(podinfo_image(), f"{IMAGE}:{shop.head}")
    first = happen("pull_request", opened)
    assert (first["state"], first["verdict"], first["preview"]) == ("ready", "pass", "held"), first["sentence"]
    (body,) = github.bodies(7)
    assert "Preview: **pass**" in body
    assert body.count("```mermaid") == 2
    assert "&#47;ephemeral promote" in body

    assert happen("issue_comment", comment("/ephemeral promote"))["preview"] == "promoted"
    (body,) = github.bodies(7)
    assert "promoted" in body

    git(shop.origin, "checkout", "--quiet", "--detach", shop.head)
    failing = app(UI_MESSAGE="candidate", RANDOM_ERROR="true")
    head = commit(shop.origin, {"candidate.json": failing}, "break it")
    git(shop.origin, "update-ref", "refs/pull/7/head", head)
    github.push(7, head)
    host.load_image(podinfo_image(), f"{IMAGE}:{head}")
    second = happen("pull_request", pull_request("synchronize", head), code=1)
    assert (second["verdict"], second["preview"]) == ("fail", "aborted")
    (body,) = github.bodies(7)
    assert "Preview: **fail**" in body

    github.close(7)
    assert happen("pull_request", pull_request("closed", head))["state"] == "removed"
    assert namespaces(host) == before
