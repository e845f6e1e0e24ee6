"""Eight environments on one host, made at the same moment: each is whole, and has a world of its own."""

import pytest

from ephemeral import Environment
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider
from tests.e2e.vcluster.conftest import spec_on
from tests.e2e.vcluster.fleet import starting_fleet

pytestmark = [pytest.mark.cluster, pytest.mark.extended]

NAMES = [f"fleet-{number}" for number in range(8)]


def test_eight_at_the_same_time(host: Environment) -> None:
    provider = provider_for(spec_on(host, "any").cluster)
    assert isinstance(provider, VclusterProvider)
    before = {each["metadata"]["name"] for each in host.kube.list("v1", "Namespace")}
    with starting_fleet(host, NAMES) as environments:
        assert [each.describe()["state"] for each in environments] == ["running"] * len(NAMES)
        for each in environments:
            each.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": each.name}})
        for each in environments:
            own = {item["metadata"]["name"] for item in each.kube.list("v1", "Namespace")} & {*NAMES}
            assert own == {each.name}
        assert len({each.kubeconfig.read_text() for each in environments}) == len(NAMES)
        sizes = provider.usage()
        assert sorted(sizes) == NAMES
        assert all(size.pods >= 2 for size in sizes.values())  # the control plane and CoreDNS
    assert {each["metadata"]["name"] for each in host.kube.list("v1", "Namespace")} == before
