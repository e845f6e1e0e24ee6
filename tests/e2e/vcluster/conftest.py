"""A host cluster for all tests of provider `vcluster`: an environment of our own on real nodes, without any policy."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ephemeral import Environment, up
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider, naming
from ephemeral.clusters.vcluster.desk import desk_of
from ephemeral.clusters.vcluster.remains import left_of
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Chart, Cluster, Host, HostIngress, Isolation, PodNetwork, Spec
from tests import images, programs, traefik, vcluster_images
from tests.e2e.vcluster.shop import app
from tests.forges.github_server import GitHubServer
from tests.forges.payloads import github_variables
from tests.forges.repositories import Repository, git, make_repository
from tests.forges.server import serving


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The host, which enforces no NetworkPolicy; it has the images of vcluster, agnhost and podinfo."""
    with starting_host("host", tmp_path_factory.mktemp("host-state")) as environment:
        yield environment


@contextmanager
def starting_host(name: str, state: Path, *, network: PodNetwork = "basic") -> Iterator[Environment]:
    """A host cluster whose files are in ``state``: tests have state directories of their own."""
    archives = [*vcluster_images.archives().values(), images.agnhost_image(), images.podinfo_image()]
    spec = Spec(name=name, cluster=Cluster(network=network), isolation=Isolation(preset="none"), ttl="2h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(state))
        environment = up(spec)
    try:
        for archive in archives:  # under the names that they have, which charts ask for
            environment.load_image(archive)
        yield environment
    finally:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EPHEMERAL_STATE_DIR", str(state))
            environment.down()


def spec_on(host: Environment, name: str, *, ingress: HostIngress | None = None, **keys: Any) -> Spec:
    """What asks for an environment on a host, by the chart in vcluster's module."""
    place = Host(
        kubeconfig=str(host.kubeconfig),
        chart=Chart(source=str(programs.vcluster() / "chart")),
        ingress=ingress or HostIngress(),
    )
    return Spec(name=name, cluster=Cluster(provider="vcluster", host=place), **keys)


@pytest.fixture(scope="session")
def controller(host: Environment) -> str:
    """Traefik as the host's shared ingress controller; ADDRESS:PORT at which it takes requests."""
    return install_controller(host)


def install_controller(host: Environment) -> str:
    """Traefik and the CRDs that it watches; ADDRESS:PORT at which it takes requests."""
    host.load_image(images.traefik_image())
    objects = [Manifest(object=each, origin="Traefik") for each in traefik.gateway_definitions() + traefik.manifests()]
    host.deploy(objects)
    return urlsplit(host.url(traefik.NAME, namespace=traefik.NAMESPACE)).netloc


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    chart = str(programs.vcluster() / "chart")
    base = {
        "cluster": {"provider": "vcluster", "host": {"chart": {"source": chart}}},
        "isolation": {"quota": {"pods": 9}},
    }
    # What it says of its cluster and quota counts once it is merged.
    change = {"cluster": {"provider": "local"}, "isolation": {"preset": "none"}, "app": {"manifests": "app.json"}}
    files = {"ephemeral.yaml": json.dumps(change), "app.json": app(1)}
    return make_repository(tmp_path, {"ephemeral.yaml": json.dumps(base)}, files)


@pytest.fixture
def github(shop: Repository) -> Iterator[Any]:
    with serving(GitHubServer) as server:
        server.open_pull(7, head=shop.head)
        server.files["main", "ephemeral.yaml"] = git(shop.origin, "show", "main:ephemeral.yaml")
        yield server
        assert not server.description.violations


@pytest.fixture
def happen(host: Environment, github: Any, shop: Repository, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run `ephemeral pr sync` as GitHub would for an event; what it printed."""
    numbers = iter(range(100))

    def happen(event: str, content: dict[str, Any], code: int = 0) -> dict[str, Any]:
        number = next(numbers)
        variables = github_variables(
            tmp_path,
            event,
            content,
            GITHUB_REPOSITORY="octo/shop",
            GITHUB_API_URL=github.url,
            GITHUB_RUN_ID=f"{number}",
        )
        kubeconfig = base64.b64encode(host.kubeconfig.read_bytes()).decode()
        state = {"EPHEMERAL_STATE_DIR": str(tmp_path / f"machine-{number}"), "EPHEMERAL_HOST_KUBECONFIG": kubeconfig}
        finished = subprocess.run(
            [sys.executable, "-m", "ephemeral", "pr", "sync", "-o", "json"],
            env={**os.environ, **variables, **state, "GITHUB_TOKEN": github.token},
            cwd=shop.folder,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert finished.returncode == code, f"{finished.stdout}\n{finished.stderr}"
        return dict(json.loads(finished.stdout))

    return happen


@pytest.fixture
def provider(host: Environment) -> Iterator[VclusterProvider]:
    """The host's; whatever a test left there is removed."""
    provider = provider_for(spec_on(host, "any").cluster)
    assert isinstance(provider, VclusterProvider)
    yield provider
    for stamp in provider.stamps():
        provider.delete(stamp.name, force=True)


def nothing_left(provider: VclusterProvider, name: str) -> None:
    assert left_of(provider.host, name) == []
    assert provider.host.kube.get("v1", "Namespace", naming.namespace_of(name)) is None
    assert not desk_of(name).folder.exists()
