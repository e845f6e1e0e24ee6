"""Image overrides by name."""

import pytest

from ephemeral.apps.images import override_images, repository
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("redis", "docker.io/library/redis"),
        ("redis:alpine", "docker.io/library/redis"),
        ("docker.io/redis@sha256:abc", "docker.io/library/redis"),
        ("acme/web:1", "docker.io/acme/web"),
        ("ghcr.io/acme/web:1@sha256:abc", "ghcr.io/acme/web"),
        ("localhost/web", "localhost/web"),
        ("registry:5000/web", "registry:5000/web"),
        ("registry:5000/web:2", "registry:5000/web"),
    ],
)
def test_repository(image, name):
    assert repository(image) == name


def workload(kind, *images, init=()):
    pod = {"containers": [{"image": each} for each in images], "initContainers": [{"image": each} for each in init]}
    specs = {
        "Pod": pod,
        "CronJob": {"jobTemplate": {"spec": {"template": {"spec": pod}}}},
        "Deployment": {"template": {"spec": pod}},
        "Rollout": {"template": {"spec": pod}},
    }
    return Manifest(object={"kind": kind, "metadata": {"name": "a"}, "spec": specs[kind]}, origin="a.yaml:1")


@pytest.mark.parametrize("kind", ["Pod", "CronJob", "Deployment", "Rollout"])
def test_every_kind_of_workload_and_container(kind):
    item = workload(kind, "redis:7", "nginx", init=["docker.io/library/redis:alpine"])
    override_images([item], {"redis": "valkey:8"})
    assert str(item.object).count("valkey:8") == 2
    assert "'nginx'" in str(item.object)


def test_full_name_matches_whatever_the_tag():
    item = workload("Pod", "ghcr.io/acme/web:1.0")
    override_images([item], {"ghcr.io/acme/web": "local/web:dev"})
    assert item.object["spec"]["containers"] == [{"image": "local/web:dev"}]


def test_part_of_a_name_does_not_match():
    with pytest.raises(SpecError, match="no container runs an image named 'web'"):
        override_images([workload("Pod", "ghcr.io/acme/web:1.0")], {"web": "x"})


def test_unmatched_name_lists_the_nearest_first():
    items = [workload("Pod", "redis:7"), workload("Pod", "frontend"), workload("Pod", "adservice")]
    with pytest.raises(SpecError) as caught:
        override_images(items, {"frontent": "x"})
    assert caught.value.hint.startswith("images in the manifests: frontend, ")
    assert "redis" in caught.value.hint


def test_objects_without_pods_have_no_images():
    item = Manifest(object={"kind": "Service", "metadata": {"name": "a"}, "spec": {"template": "x"}}, origin="a.yaml:1")
    with pytest.raises(SpecError) as caught:
        override_images([item], {"redis": "x"})
    assert caught.value.hint == "images in the manifests: none"
