"""The same tests on every version of Kubernetes that is supported: `--ephemeral-kubernetes=1.36` picks some."""

import pytest
from pytest_ephemeral import expect

BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "web"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]},
        },
    },
}


def test_the_version_is_the_one_asked_for(ephemeral_environment, ephemeral_variant, kube) -> None:
    assert ephemeral_environment.kubernetes.startswith(f"{ephemeral_variant.kubernetes}.")
    served = kube.transport.request("GET", "/version").json()["gitVersion"]
    assert served == f"v{ephemeral_environment.kubernetes}"


def test_the_manifests_work(apply, kube, cluster_namespace) -> None:
    apply([DEPLOYMENT, BUDGET], namespace=cluster_namespace)
    expect(kube).object("policy/v1", "PodDisruptionBudget", "web", cluster_namespace).value(
        "{.status.disruptionsAllowed}", 1
    )


@pytest.mark.ephemeral(kubernetes="1.36")
def test_only_where_it_exists(kube) -> None:
    """A marker picks the versions of one test."""
    assert kube.discovery.find("resource.k8s.io/v1", "ResourceClaim")
