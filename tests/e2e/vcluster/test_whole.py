"""The whole on one host, by the command line: up, deploy, verify isolation, HTTP, gc, down, and nothing is left."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ephemeral import Environment
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider
from ephemeral.clusters.vcluster.desk import desk_of
from ephemeral.clusters.vcluster.remains import left_of
from tests import programs
from tests.e2e.conftest import Run
from tests.e2e.vcluster.conftest import spec_on
from tests.e2e.vcluster.served import DOMAIN, SHARED, app, get
from tests.python_image import PYTHON, python_image

pytestmark = pytest.mark.cluster

ENFORCEMENT = "NetworkPolicies of the host"


@pytest.fixture
def described(host: Environment, tmp_path: Path) -> Callable[[str], Path]:
    """An ephemeral.yaml with a web app that the host's ingress controller serves."""
    manifests = app(tmp_path, f"own.left.{DOMAIN}")

    def write(name: str) -> Path:
        ingress = {
            "namespace": SHARED.namespace,
            "domain": DOMAIN,
            "class-name": SHARED.class_name,
            "gateway": SHARED.gateway,
        }
        place = {
            "kubeconfig": str(host.kubeconfig),
            "chart": {"source": str(programs.vcluster() / "chart")},
            "ingress": ingress,
        }
        spec = {
            "name": name,
            "cluster": {"provider": "vcluster", "host": place},
            "app": [{"manifests": str(manifests)}],
            "expose": [{"service": "web", "path": "/hostname"}],
        }
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(spec))
        return path

    return write


def test_two_environments_from_up_to_an_empty_listing(
    host: Environment, controller: str, cli: Run, described: Callable[[str], Path], tmp_path: Path
) -> None:
    host.load_image(python_image())
    with ThreadPoolExecutor(2) as pool:  # at the same time
        made = pool.map(
            lambda name: json.loads(cli("up", "-f", described(name), "-o", "json").stdout), ("left", "right")
        )
        left, right = made
    assert (left["state"], right["state"]) == ("running", "running")

    words = ["verify", "isolation", "left", "--against", "right", "--image", PYTHON, "-o", "json"]
    findings = {each["probe"]: each for each in json.loads(cli(*words, code=1).stdout)}
    assert findings[ENFORCEMENT]["found"].startswith("not enforced: the host's pod network ignores them")
    assert findings["pod of right from a pod of left"]["found"].startswith("open")
    network = {probe for probe, each in findings.items() if each["expected"] in ("blocked", "enforced")}
    assert of(findings, "broken") - network == set()  # all that needs no network rules does hold
    for probe in ("quota in force", "pod beyond requests.cpu", "privileged pod", "container without limits"):
        assert findings[probe]["result"] == "holds"
    assert of(findings, "not probed") <= {"public address from a pod"}

    assert left["urls"] == {"web": f"http://web.left.{DOMAIN}/hostname"}
    assert get(controller, f"web.left.{DOMAIN}").startswith("web-")

    provider = provider_for(spec_on(host, "any").cluster)
    assert isinstance(provider, VclusterProvider)
    desk_of("right").end_keeper()  # its machine is gone, and its lease ended
    expiring = provider.get("right")
    expiring.renew(replace(expiring.lease, expires_at=expiring.lease.created_at + timedelta(seconds=1)))
    other = {"EPHEMERAL_STATE_DIR": str(tmp_path / "other"), "EPHEMERAL_HOST_KUBECONFIG": str(host.kubeconfig)}
    elsewhere = {**os.environ, **other}
    assert "right" in cli("gc", env=elsewhere).stdout
    listed = json.loads(cli("list", "--all", "-o", "json", env=elsewhere).stdout)
    assert [each["name"] for each in listed] == ["left"]
    cli("down", "left", env=elsewhere)
    assert json.loads(cli("list", "--all", "-o", "json", env=elsewhere).stdout) == []
    assert left_of(provider.host, "left") == left_of(provider.host, "right") == []


def of(findings: dict[str, Any], *results: str) -> set[str]:
    return {probe for probe, each in findings.items() if each["result"] in results}
