"""With one namespace alone nothing is synced that belongs to the whole host."""

import pytest

from ephemeral.clusters.vcluster.values import chart_values
from ephemeral.errors import SpecError
from ephemeral.spec.model import Chart, Cluster, Host, Isolation
from ephemeral.spec.presets import resolve


def values(path: str, value: object, namespace: str = "team") -> dict[str, object]:
    cluster = Cluster(provider="vcluster", host=Host(namespace=namespace, chart=Chart(set={path: value})))
    return chart_values(cluster, resolve(Isolation()), name="shop", namespace=namespace or "ephemeral-shop")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sync.toHost.storageClasses.enabled", True),
        ("sync.toHost.priorityClasses.enabled", "true"),
        ("sync.fromHost.nodes.enabled", True),
        ("sync.fromHost.ingressClasses", {"enabled": True}),
        ("networking.replicateServices.fromHost", [{"from": "a/b", "to": "c/d"}]),
        ("rbac.clusterRole.enabled", True),
    ],
)
def test_what_takes_a_cluster_role_is_refused_by_its_path(path: str, value: object) -> None:
    with pytest.raises(SpecError, match=rf"cluster\.host\.chart\.set {path}.*namespace team of the host"):
        values(path, value)
    assert values(path, value, namespace="")


def test_what_is_off_or_stays_in_the_namespace_is_not() -> None:
    assert values("sync.fromHost.nodes.enabled", False)
    assert values("sync.fromHost.events.enabled", True)
    assert values("sync.toHost.serviceAccounts.enabled", True)
