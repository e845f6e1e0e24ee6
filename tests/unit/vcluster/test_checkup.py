"""What `doctor --host` makes of what a host says; a fake API stands for hosts that can't be had here."""

from types import SimpleNamespace
from typing import Any

import pytest

from ephemeral.clusters.vcluster.checkup import check_host
from ephemeral.clusters.vcluster.rights import Right
from ephemeral.kube.transport import ApiError

NODE = {
    "metadata": {"name": "n"},
    "spec": {},
    "status": {
        "allocatable": {"cpu": "1", "memory": "4Gi"},
        "images": [{"names": ["ghcr.io/loft-sh/vcluster-oss:0.36.0"]}],
    },
}
BUSY = {
    "metadata": {"name": "p"},
    "spec": {"nodeName": "n", "containers": [{"resources": {"requests": {"cpu": "300m"}}}]},
    "status": {"phase": "Running"},
}


def host(minor: str = "36", namespace: str = "", groups: tuple[str, ...] = (), **objects: list[Any]) -> Any:
    def get(kind: str) -> list[Any]:
        if kind not in objects:
            raise ApiError(f"{kind} is forbidden", status=403)
        return objects[kind]

    version = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.0"}
    kube = SimpleNamespace(
        transport=SimpleNamespace(request=lambda *_: SimpleNamespace(json=lambda: version)),
        discovery=SimpleNamespace(kinds=lambda: [SimpleNamespace(api_version=f"{each}/v1") for each in groups]),
        list=lambda _version, kind, **_: get(kind),
    )
    return SimpleNamespace(context="c", kubeconfig="k", namespace=namespace, kube=kube)


def findings(a_host: Any, missing: tuple[Right, ...] = ()) -> dict[str, Any]:
    return {each.subject: each for each in check_host(a_host, missing)}


@pytest.mark.parametrize(("minor", "good"), [("27", False), ("28+", True), ("36", True)])
def test_an_old_host_is_told(minor: str, good: bool) -> None:
    found = findings(host(minor))["host"]
    assert (found.good, "too old" in found.text) == (good, not good)


def test_missing_rights_are_named_and_the_rest_counted() -> None:
    missing = tuple(Right("apps", "deployments", verb) for verb in "abcdefghij")
    found = findings(host(), missing)["rights"]
    assert not found.good
    assert found.text.startswith("missing to make a namespace per environment: a deployments.apps, ")
    assert found.text.endswith(" and 2 more")


def test_control_planes_that_fit_are_counted_by_requests() -> None:
    found = findings(host(Node=[NODE], Pod=[BUSY]))["host's room"]
    assert found.good
    assert "3 control planes fit on 1 nodes" in found.text  # 700m of CPU at 220m each
    full = {**BUSY, "spec": {"nodeName": "n", "containers": [{"resources": {"requests": {"cpu": "800m"}}}]}}
    assert not findings(host(Node=[NODE], Pod=[full]))["host's room"].good


def test_a_full_quota_is_told_with_the_arithmetic() -> None:
    quota = {"status": {"hard": {"requests.cpu": "1", "pods": "9"}, "used": {"requests.cpu": "900m"}}}
    found = findings(host(namespace="team", ResourceQuota=[quota]))["host's room"]
    assert not found.good
    assert "requests.cpu 100m left, but it takes 220m" in found.text


def test_what_may_not_be_seen_is_unknown() -> None:
    found = findings(host())
    assert found["host's room"].text == "unknown: Node is forbidden"
    assert found["images"].text == "unknown: Node is forbidden"


def test_a_pod_network_that_enforces_is_recognized() -> None:
    assert findings(host(groups=("cilium.io", "apps")))["network rules"].text.startswith("enforced by Cilium")
    assert findings(host(groups=("apps",)))["network rules"].text.startswith("unknown: ")


def test_images_are_looked_for_on_the_nodes() -> None:
    text = findings(host(Node=[NODE], Pod=[]))["images"].text
    assert text == "vcluster on 1 of 1 nodes, its Kubernetes on 0 of 1 nodes; the others pull it at first"
