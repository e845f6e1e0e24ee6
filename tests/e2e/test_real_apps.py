"""Applications that others wrote, under the preset `isolated`."""

from pathlib import Path

import pytest

import ephemeral
from ephemeral.spec.model import Cluster, Source, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until

pytestmark = pytest.mark.cluster

SIMULATED = Cluster(nodes="simulated")


def test_online_boutique_lives_under_the_preset_with_images_of_our_own(shared_apps: Path) -> None:
    folder = shared_apps / "online-boutique"
    services = [path.stem for path in folder.glob("*service.yaml")] + ["frontend"]
    images = {name: f"example.com/boutique/{name}:v1" for name in services}
    spec = Spec(name="boutique", cluster=SIMULATED, app=(Source(kustomize=str(folder)),), images=images)
    with ephemeral.up(spec) as env:
        workloads = env.workloads()
        assert len(workloads) == len(services) + 1  # and redis
        assert set(workloads.values()) == {"1/1 ready"}
        running = {pod["spec"]["containers"][0]["image"] for pod in env.kube.list("v1", "Pod", namespace="default")}
        assert running == {*images.values(), "redis:alpine"}

        def all_reachable() -> None:
            slices = env.kube.list("discovery.k8s.io/v1", "EndpointSlice", namespace="default")
            reachable = {
                item["metadata"]["labels"]["kubernetes.io/service-name"]
                for item in slices
                if item["endpoints"] and item["endpoints"][0]["conditions"]["ready"]
            }
            if missing := {*services, "redis-cart"} - reachable:
                raise NotYet(f"no endpoints of {missing}")

        wait_until(all_reachable, deadline=Deadline(30), what="endpoints")


def test_podinfo_by_kustomize_is_updated_in_place(shared_apps: Path) -> None:
    source = Source(kustomize=str(shared_apps / "podinfo" / "kustomize"))

    def spec(tag: str) -> Spec:
        images = {"ghcr.io/stefanprodan/podinfo": f"example.com/podinfo:{tag}"}
        return Spec(name="podinfo", cluster=SIMULATED, app=(source,), images=images)

    with ephemeral.up(spec("one")) as env:
        assert env.workloads() == {"Deployment default/podinfo": "1/1 ready"}
        again = ephemeral.up(spec("two"))
        deployment = again.kube.get("apps/v1", "Deployment", "podinfo", "default")
        assert deployment
        assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/podinfo:two"
        assert deployment["metadata"]["generation"] == 2
