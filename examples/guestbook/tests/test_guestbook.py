"""Plain tests against whatever cluster KUBECONFIG names; `ephemeral run` sets it."""

import pytest
from kubernetes import client, config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ForbiddenError


@pytest.fixture(scope="session")
def kube():
    config.load_kube_config()
    return DynamicClient(client.ApiClient())


def test_three_frontends_are_behind_the_service(kube):
    slices = kube.resources.get(api_version="discovery.k8s.io/v1", kind="EndpointSlice")
    found = slices.get(namespace="default", label_selector="kubernetes.io/service-name=frontend")
    addresses = [address for item in found.items for endpoint in item.endpoints or [] for address in endpoint.addresses]
    assert len(set(addresses)) == 3


def test_redis_is_ready(kube):
    stateful_sets = kube.resources.get(api_version="apps/v1", kind="StatefulSet")
    assert stateful_sets.get(name="redis", namespace="default").status.readyReplicas == 1


def test_a_privileged_pod_is_refused(kube):
    pods = kube.resources.get(api_version="v1", kind="Pod")
    container = {"name": "root", "image": "busybox", "securityContext": {"privileged": True}}
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [container]}}
    with pytest.raises(ForbiddenError, match="violates PodSecurity"):
        pods.create(body=pod, namespace="default")
