"""What the chart is told about the host's ingress controller."""

from typing import Any

import pytest

from ephemeral.clusters.vcluster.values import chart_values
from ephemeral.errors import SpecError
from ephemeral.spec.model import Cluster, Host, HostIngress, Isolation
from ephemeral.spec.presets import resolve


def values(ingress: HostIngress, **host: Any) -> dict[str, Any]:
    cluster = Cluster(provider="vcluster", host=Host(ingress=ingress, **host))
    return chart_values(cluster, resolve(Isolation()), name="web", namespace="ephemeral-web")


def test_without_a_controller_nothing_reaches_the_host_and_nobody_the_app() -> None:
    found = values(HostIngress())
    assert "ingresses" not in found["sync"]["toHost"]
    assert found["policies"]["networkPolicy"]["workload"]["ingress"] == []


def test_the_controllers_namespace_alone_is_let_in() -> None:
    found = values(HostIngress(namespace="traefik"))
    assert found["sync"]["toHost"]["ingresses"] == {"enabled": True}
    assert found["policies"]["networkPolicy"]["workload"]["ingress"] == [
        {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}]}
    ]


def test_routes_may_take_only_names_of_the_environment() -> None:
    found = values(HostIngress(namespace="traefik", domain="preview.test", gateway="traefik/shared"))
    gateways = found["sync"]["fromHost"]["gateways"]
    assert gateways["mappings"]["byName"] == {"traefik/shared": "traefik/shared"}
    assert [each["allowedHostnames"] for each in gateways["allowedRoutes"]["overrides"]] == [["*.web.preview.test"]]


def test_a_gateway_takes_rights_beyond_one_namespace() -> None:
    ingress = HostIngress(namespace="traefik", domain="preview.test", gateway="traefik/shared")
    with pytest.raises(SpecError, match="rights in team alone"):
        values(ingress, namespace="team")
