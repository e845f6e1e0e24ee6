"""A canary on a GatewayClass that is no Traefik: Envoy Gateway, installed by its own chart, and nothing of ours."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest, condition
from ephemeral.previews.preview import Preview
from ephemeral.previews.routers.routes import API, GATEWAY
from ephemeral.spec.load import load
from ephemeral.spec.model import Cluster, Spec
from tests import envoy_gateway, podinfo
from tests.images import podinfo_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended]

NAME = "offered"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(Spec(name=NAME, cluster=Cluster(nodes="real"))) as environment:
            for archive in (podinfo_image(), *envoy_gateway.images()):
                environment.load_image(archive)
            environment.deploy(envoy_gateway.manifests())
            yield environment


@pytest.fixture(autouse=True)
def baseline(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(env.kubeconfig.parents[2]))
    env.deploy([Manifest(object=each, origin="test") for each in podinfo.app()])


@pytest.fixture
def preview(tmp_path: Path) -> Callable[..., Preview]:
    """The preview of an ephemeral.yaml with these keys."""

    def make(**keys: Any) -> Preview:
        definition = {"service": "podinfo", "grace": "1s", "candidate": {"patch": podinfo.patch(tmp_path)}, **keys}
        path = tmp_path / "ephemeral.yaml"
        path.write_text(json.dumps({"name": NAME, "preview": definition}))
        return ephemeral.attach(NAME, spec=load(path).spec).preview()

    return make


def messages(env: Environment, times: int = 20, **headers: str) -> Counter[str]:
    url = env.url("podinfo", port="http")
    return Counter(podinfo.message(url, headers) for _ in range(times))


def test_a_canary_goes_through_the_class_that_is_offered_and_is_promoted_unnoticed(
    env: Environment, preview: Callable[..., Preview]
) -> None:
    steps = [{"header": True}, {"pause": "promote"}, {"weight": 30}, {"pause": "promote"}]
    with podinfo.traffic(env.url("podinfo", port="http")) as users:
        assert preview(steps=steps).start().phase == "paused"
        assert set(messages(env)) == {"baseline"}
        assert set(messages(env, **{"x-ephemeral-preview": "candidate"})) == {"candidate"}
        assert preview(steps=steps).promote().phase == "paused"
        split = messages(env, 200)
        assert 0 < split["candidate"] < split["baseline"], split
        live = env.kube.get(API, "Gateway", GATEWAY, "default") or {}
        assert live["spec"]["gatewayClassName"] == envoy_gateway.CLASS
        assert condition(live, "Programmed")["status"] == "True"
        assert env.kube.list("v1", "Pod", namespace="default", labels="app.kubernetes.io/managed-by=envoy-gateway")
        assert preview(steps=steps).promote().phase == "promoted"
    assert users.failures == []
    assert set(messages(env)) == {"candidate"}
    assert env.kube.list("apps/v1", "Deployment", labels="ephemeral/preview=gateway") == []
    assert [each["metadata"]["name"] for each in env.kube.list(API, "GatewayClass")] == [envoy_gateway.CLASS]


def test_an_abort_leaves_the_baseline_and_a_preview_address_that_nobody_answers_at(
    env: Environment, preview: Callable[..., Preview]
) -> None:
    with podinfo.traffic(env.url("podinfo", port="http")) as users:
        assert preview(steps=[{"weight": 50}, {"pause": "promote"}]).start().phase == "paused"
        assert set(messages(env, 60)) == {"baseline", "candidate"}
        assert env.preview().abort().phase == "aborted"
    assert users.failures == []
    assert set(messages(env)) == {"baseline"}
    assert podinfo.message(env.url("podinfo-preview", port="http")) == "503"
    classes = env.kube.list(API, "GatewayClass")
    assert [each["metadata"]["name"] for each in classes] == [envoy_gateway.CLASS]
    assert condition(classes[0], "Accepted")["status"] == "True"


def test_a_class_that_is_not_there_is_refused_before_anything_is_made(
    env: Environment, preview: Callable[..., Preview]
) -> None:
    with pytest.raises(SpecError, match="there is no GatewayClass nginx; there is envoy"):
        preview(**{"gateway-class": "nginx"}).start()
    assert not env.kube.list("apps/v1", "Deployment", labels="ephemeral/preview=candidate")
