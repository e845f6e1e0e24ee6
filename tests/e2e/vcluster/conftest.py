"""A host cluster for all tests of provider `vcluster`: an environment of our own on real nodes, without any policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ephemeral import Environment, up
from ephemeral.spec.model import Cluster, Isolation, PodNetwork, Spec
from tests import images, vcluster_images


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
