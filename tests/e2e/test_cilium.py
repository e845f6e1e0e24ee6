"""`network: cilium`: NetworkPolicies among pods are enforced, side by side, and nothing of it stays."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Run, kubectl
from tests.e2e.objects import deployment, namespace, service
from tests.images import AGNHOST, agnhost_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended]

SERVER = {"image": AGNHOST, "args": ["netexec", "--http-port=8080"]}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    body = {"podSelector": {"matchLabels": {"app": "web"}}, **spec}
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": body,
    }  # fmt: skip


@pytest.fixture
def app(project: Callable[..., Path]) -> Callable[..., Path]:
    """A web server and two clients, one of them in another namespace."""

    def write(name: str, *more: dict[str, Any]) -> Path:
        web = service("web")
        web["spec"]["ports"][0]["targetPort"] = 8080
        return project(
            name,
            namespace("far"),
            deployment("web", **SERVER),
            web,
            deployment("near", **SERVER),
            deployment("far", namespace="far", **SERVER),
            *more,
            cluster={"network": "cilium"},
            images={AGNHOST.partition(":")[0]: str(agnhost_image())},
            expose=[{"service": "web"}],
        )

    return write


def connects(name: str, source: str, target: str = "web.default:80") -> bool:
    space = ["-n", "far"] if source == "far" else []
    asked = kubectl(
        name, *space, "exec", f"deploy/{source}", "--", "/agnhost", "connect", target, "--timeout=3s", check=False
    )
    return asked.returncode == 0


def test_policies_are_enforced_and_the_preset_lets_the_app_live(
    cli: Run, app: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    finished = cli("up", "-f", app("kept", policy("only-near", policyTypes=["Ingress"], ingress=[
        {"from": [{"podSelector": {"matchLabels": {"app": "near"}}}]}
    ])))  # fmt: skip
    assert "not enforced" not in finished.stderr
    # NetworkPolicies add up, and ephemeral's own allows the whole environment: only without it does this one bite.
    assert connects("kept", "near")
    assert connects("kept", "far")
    assert connects("kept", "near", "kubernetes.default.svc:443"), "pods can't reach their own API server"
    url = cli("url", "web").stdout.strip()
    assert subprocess.run(["curl", "-sSf", "-m", "5", url], capture_output=True, check=False).returncode == 0

    own = json.loads(kubectl("kept", "get", "networkpolicy", "-o", "json").stdout)["items"]
    for each in own:
        if each["metadata"]["name"] != "only-near":
            kubectl("kept", "delete", "networkpolicy", each["metadata"]["name"])
    wait_for(lambda: not connects("kept", "far"))
    assert connects("kept", "near")
    assert connects("kept", "web", "near.default.svc:80") is False  # there is no such Service: a name, not a rule

    kubectl("kept", "patch", "networkpolicy", "only-near", "--type=merge", "-p", json.dumps(
        {"spec": {"policyTypes": ["Ingress", "Egress"], "egress": []}}
    ))  # fmt: skip
    near = kubectl("kept", "get", "pods", "-l", "app=near", "-o", "jsonpath={.items[0].status.podIP}").stdout
    wait_for(lambda: not connects("kept", "web", f"{near}:8080"))
    assert connects("kept", "near", f"{near}:8080")
    cli("down", "kept")


def test_two_side_by_side_keep_their_own_policies(
    cli: Run, app: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    cli("up", "-f", app("closed", policy("nobody", policyTypes=["Ingress"])))
    cli("up", "-f", app("open"))
    for each in json.loads(kubectl("closed", "get", "networkpolicy", "-o", "json").stdout)["items"]:
        if each["metadata"]["name"] != "nobody":
            kubectl("closed", "delete", "networkpolicy", each["metadata"]["name"])
    wait_for(lambda: not connects("closed", "near"))
    assert connects("open", "near")
    cli("verify", "isolation", "closed", "--against", "open", code=None)
    cli("down", "closed", "open")


def wait_for(holds: Callable[[], bool]) -> None:
    from ephemeral.waiting import Deadline, NotYet, wait_until

    def attempt() -> None:
        if not holds():
            raise NotYet("not yet")

    wait_until(attempt, deadline=Deadline(30), what="policy in force")
