"""The isolation policy in force: each rule is proved by being refused."""

import pytest

from ephemeral.apps.isolation import isolate
from ephemeral.apps.isolation.objects import MANAGED
from ephemeral.errors import ApplyError, SpecError, WorkloadError
from ephemeral.kube import apply_all, wait_ready
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Isolation
from ephemeral.spec.presets import resolve
from ephemeral.waiting import NotYet, wait_until

pytestmark = pytest.mark.cluster

KINDS = [("v1", "ResourceQuota"), ("v1", "LimitRange"), ("networking.k8s.io/v1", "NetworkPolicy")]


@pytest.fixture(autouse=True)
def _leave_default_as_it_was(kube):
    yield
    for kind in KINDS:
        kube.delete(*kind, "ephemeral", "default")


@pytest.fixture
def enforce(kube, deadline):
    """Puts the isolation policy around manifests and waits until their quota is counted."""

    def enforce(manifests, namespace="default", **quota):
        isolate(kube, resolve(Isolation(quota=quota)), manifests, deadline=deadline)
        wait_until(lambda: counted(kube, namespace), deadline=deadline, what="quota counted")

    return enforce


def counted(kube, namespace):
    quota = kube.get("v1", "ResourceQuota", "ephemeral", namespace)
    used, hard = ((quota.get("status") or {}).get(key) or {} for key in ("used", "hard"))
    if hard != quota["spec"]["hard"] or used.keys() != hard.keys():
        raise NotYet("the quota is not counted yet")


def hard(kube, namespace):
    return kube.get("v1", "ResourceQuota", "ephemeral", namespace)["spec"]["hard"]


def test_default_is_isolated_even_without_an_app(kube, enforce):
    enforce([])
    for kind in KINDS:
        assert kube.get(*kind, "ephemeral", "default")["metadata"]["labels"] == MANAGED
    assert hard(kube, "default")["pods"] == "20"


def test_containers_get_the_default_limits(kube, enforce, manifest, namespace, deadline):
    pod = manifest("Pod", spec={"containers": [{"name": "main", "image": "a"}]})
    enforce([pod], namespace)
    [applied] = apply_all(kube, [pod], deadline=deadline)
    assert applied["spec"]["containers"][0]["resources"]["limits"] == {
        "cpu": "1",
        "memory": "512Mi",
        "ephemeral-storage": "8Gi",
    }


def test_app_that_fits_becomes_ready_and_more_is_refused(kube, enforce, deployment, manifest, namespace, deadline):
    # The namespace's share: the app's two pods, and half of the two that are left.
    app = [deployment(replicas=2)]
    enforce(app, namespace, pods="4")
    wait_ready(kube, apply_all(kube, app, deadline=deadline), deadline=deadline)
    assert hard(kube, namespace)["pods"] == "3"
    with pytest.raises(WorkloadError, match="exceeded quota: ephemeral"):
        wait_ready(kube, apply_all(kube, [deployment("more", replicas=2)], deadline=deadline), deadline=deadline)


def test_node_ports_are_refused(kube, enforce, manifest, namespace, deadline):
    enforce([manifest("ConfigMap")], namespace)
    service = manifest("Service", spec={"type": "NodePort", "ports": [{"port": 80}]})
    with pytest.raises(ApplyError, match=r"exceeded quota: ephemeral, requested: services\.nodeports=1"):
        apply_all(kube, [service], deadline=deadline)


def test_app_that_does_not_fit_is_refused_before_anything_is_sent(kube, enforce, deployment, namespace):
    with pytest.raises(SpecError, match=r"pods: Deployment web 21 = 21 > 20"):
        enforce([deployment(replicas=21)], namespace)
    assert kube.get("v1", "ResourceQuota", "ephemeral", namespace) is None


def test_namespaces_are_made_and_share_the_total(kube, enforce, deployment, namespace):
    made = f"{namespace}-made"
    app = [deployment("a", 4), deployment("b", 3)]
    app[1].object["metadata"]["namespace"] = made
    try:
        enforce(app, namespace, pods="10")
        assert [hard(kube, each)["pods"] for each in ("default", namespace, made)] == ["1", "5", "4"]
    finally:
        kube.delete("v1", "Namespace", made)


def test_earlier_deployments_keep_what_they_use(kube, enforce, deployment, namespace, deadline):
    first, second = [deployment("first", 4)], [deployment("second", 3)]
    second[0].object["metadata"]["namespace"] = "default"
    enforce(first, namespace, pods="8")
    wait_ready(kube, apply_all(kube, first, deadline=deadline), deadline=deadline)
    wait_until(lambda: used(kube, namespace, "4"), deadline=deadline, what="pods counted")
    enforce(second, namespace, pods="8")
    assert [hard(kube, each)["pods"] for each in ("default", namespace)] == ["4", "4"]
    second[0].object["spec"]["replicas"] = 5
    with pytest.raises(SpecError, match=rf"Deployment second 5 \+ already in {namespace} 4 = 9 > 8"):
        enforce(second, namespace, pods="8")


def used(kube, namespace, pods):
    seen = kube.get("v1", "ResourceQuota", "ephemeral", namespace)["status"]["used"]["pods"]
    if seen != pods:
        raise NotYet(seen)


def test_the_apps_own_namespace_keeps_its_labels(kube, enforce, namespace):
    labels = {"team": "shop"}
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    for _ in range(2):
        enforce([Manifest(object=own, origin="a.yaml:1")], namespace)
        assert labels.items() <= kube.get("v1", "Namespace", namespace)["metadata"]["labels"].items()
