"""One environment with real nodes for all routers: a baseline, its candidate and what a gateway runs."""

from collections.abc import Iterator

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Cluster, Spec
from tests import podinfo
from tests.images import podinfo_image, traefik_image


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(Spec(name="routers", cluster=Cluster(nodes="real"))) as environment:
            environment.load_image(podinfo_image())
            environment.load_image(traefik_image())
            environment.deploy([Manifest(object=each, origin="test") for each in podinfo.app(replicas=2)])
            yield environment


@pytest.fixture(autouse=True)
def _same_state(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(env.kubeconfig.parents[2]))
