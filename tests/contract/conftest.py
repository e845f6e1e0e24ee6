"""One virtual cluster for all tests that only need some API server to talk to."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ephemeral.clusters.local import LocalProvider
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Silent
from ephemeral.spec.model import Cluster, Isolation, Spec
from ephemeral.spec.presets import resolve
from ephemeral.waiting import Deadline


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig of a cluster with one simulated node of 32 CPUs and the `isolated` preset's Pod Security."""
    patch = pytest.MonkeyPatch()
    patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("session-state")))
    provider = LocalProvider()
    spec = Spec(name="contract", cluster=Cluster(nodes="simulated"))
    lease = Lease.lasting(timedelta(hours=1), Owner(test="contract"))
    cluster = provider.create(spec, resolve(Isolation()), lease, Silent())
    patch.undo()
    try:
        deadline = Deadline(120)
        cluster.wait_answering(deadline)
        cluster.wait_ready(deadline)
        yield cluster.kubeconfig
    finally:
        with pytest.MonkeyPatch.context() as again:
            again.setenv("EPHEMERAL_STATE_DIR", str(cluster.kubeconfig.parents[2]))
            provider.delete("contract")
