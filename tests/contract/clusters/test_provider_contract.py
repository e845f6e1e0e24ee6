"""What every provider promises, asked of each of them."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from ephemeral.clusters import provider_for
from ephemeral.clusters.provider import Cluster, Provider
from ephemeral.errors import ClusterError, NameTakenError, NoEnvironmentError, SpecError
from ephemeral.kube.client import connect
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Silent
from ephemeral.spec.model import Cluster as ClusterSpec
from ephemeral.spec.model import Isolation, Spec
from ephemeral.spec.presets import resolve
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.traces import wait_no_traces

pytestmark = pytest.mark.cluster

#: Provider `vcluster` needs a host, and is asked the same where there is one: tests/e2e/vcluster/test_contract.py.
KINDS = {
    "local, simulated nodes": ClusterSpec(provider="local", nodes="simulated"),
    "local, real nodes": ClusterSpec(provider="local", nodes="real"),
}


@dataclass
class Making:
    """One kind of cluster, and how to make one."""

    cluster: ClusterSpec

    @property
    def provider(self) -> Provider:
        return provider_for(self.cluster)

    def create(self, name: str, seconds: float = 600) -> Cluster:
        lease = Lease.lasting(timedelta(seconds=seconds), Owner(user="tester"))
        return self.provider.create(Spec(name=name, cluster=self.cluster), resolve(Isolation()), lease, Silent())

    def create_ready(self, name: str, seconds: float = 600) -> Cluster:
        cluster = self.create(name, seconds)
        deadline = Deadline(120)
        cluster.wait_answering(deadline)
        cluster.wait_ready(deadline)
        return cluster


@pytest.fixture(params=KINDS)
def making(request: pytest.FixtureRequest) -> Iterator[Making]:
    making = Making(KINDS[request.param])
    yield making
    for cluster in making.provider.list():
        making.provider.delete(cluster.name)


@pytest.fixture
def gone() -> Callable[[str], None]:
    return wait_no_traces


def test_a_cluster_lives_from_create_to_delete(making: Making, gone: Callable[[str], None]) -> None:
    cluster = making.create_ready("contract")
    kube = connect(cluster.kubeconfig)
    assert kube.get("v1", "ServiceAccount", "default", "default") is not None
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
    assert [each.name for each in making.provider.list()] == ["contract"]
    facts = making.provider.get("contract").describe()
    assert (facts["name"], facts["state"]) == ("contract", "running")
    assert (facts["provider"], facts["nodes"]) == (making.cluster.provider, making.cluster.nodes)
    assert facts["owner"] == {"user": "tester"}
    json.dumps(facts)
    assert cluster.diagnose() == ""
    assert all(path.exists() for path in cluster.component_logs().values())

    with pytest.raises(NameTakenError, match="contract"):
        making.create("contract")
    assert kube.get("v1", "Namespace", "default") is not None, "the second create disturbed the first"

    assert making.provider.delete("contract")
    assert not making.provider.delete("contract")
    gone("contract")
    assert making.provider.list() == []
    with pytest.raises(NoEnvironmentError):
        making.provider.get("contract")


def test_a_detached_cluster_lives_until_its_lease_ends(making: Making, gone: Callable[[str], None]) -> None:
    cluster = making.create_ready("leased")
    cluster.detach()
    again = making.provider.get("leased")
    again.renew(replace(again.lease, expires_at=again.lease.created_at + timedelta(hours=2)))
    assert making.provider.get("leased").lease.expires_at == again.lease.created_at + timedelta(hours=2)
    assert again.describe()["state"] == "running"
    again.renew(replace(again.lease, expires_at=again.lease.created_at))

    def ended() -> None:
        if left := [each.name for each in making.provider.list()]:
            raise NotYet(f"{left} still there")

    wait_until(ended, deadline=Deadline(60), what="end of the lease")
    gone("leased")


def test_credentials_of_one_are_nothing_to_another(making: Making) -> None:
    one, other = making.create_ready("one"), making.create_ready("other")
    config = json.loads(one.kubeconfig.read_text())
    config["clusters"] = json.loads(other.kubeconfig.read_text())["clusters"]
    config["contexts"][0]["context"]["cluster"] = config["clusters"][0]["name"]
    stranger = one.kubeconfig.with_name("stranger")
    stranger.write_text(json.dumps(config))
    with pytest.raises(ClusterError, match=r"401|Unauthorized"):
        connect(stranger).list("v1", "Namespace")


def test_nothing_that_is_no_name_reaches_a_provider(making: Making) -> None:
    for name in ("", "..", "a/b", "UPPER", "x" * 41, "-a", "a-"):
        with pytest.raises(SpecError):
            making.provider.get(name)
        with pytest.raises(SpecError):
            making.provider.delete(name)
