"""What the chart is told: the isolation policy has the last word, and says so."""

from pathlib import Path
from typing import Any

import pytest

from ephemeral.clusters.vcluster.sizes import check_sizes
from ephemeral.clusters.vcluster.values import chart_values
from ephemeral.errors import PolicyError, SpecError
from ephemeral.spec.model import Chart, Cluster, Host, Isolation, Network
from ephemeral.spec.presets import resolve


def values(chart: Chart | None = None, isolation: Isolation | None = None, **keys: Any) -> dict[str, Any]:
    cluster = Cluster(provider="vcluster", host=Host(chart=chart or Chart(), **keys))
    return chart_values(cluster, resolve(isolation or Isolation()), name="web", namespace="ephemeral-web")


def test_the_preset_becomes_vclusters_isolated_mode() -> None:
    policies = values()["policies"]
    assert policies["podSecurityStandard"] == "baseline"
    assert policies["resourceQuota"]["enabled"]
    assert policies["resourceQuota"]["quota"]["pods"] == "20"
    assert policies["limitRange"] == {
        "enabled": True,
        "default": {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "8Gi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "3Gi"},
    }
    network = policies["networkPolicy"]
    assert network["enabled"]
    assert "169.254.0.0/16" in network["workload"]["publicEgress"]["except"]


def test_what_is_taken_out_of_the_policy_is_taken_out_of_the_chart() -> None:
    quota = values(isolation=Isolation(quota={"pods": "unlimited", "requests.cpu": "3"}))["policies"]["resourceQuota"]
    assert quota["quota"]["pods"] is None
    assert quota["quota"]["requests.cpu"] == "3"


def test_preset_none_switches_all_of_it_off() -> None:
    policies = values(isolation=Isolation(preset="none"))["policies"]
    assert policies["podSecurityStandard"] == ""
    assert not policies["resourceQuota"]["enabled"]
    assert not policies["limitRange"]["enabled"]
    assert not policies["networkPolicy"]["enabled"]


def test_ranges_are_let_through() -> None:
    network = Network(public_egress=False, allow_egress=("10.9.0.0/16",), allow_ingress=("10.8.0.0/16",))
    workload = values(isolation=Isolation(network=network))["policies"]["networkPolicy"]["workload"]
    assert not workload["publicEgress"]["enabled"]
    assert workload["egress"] == [{"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}]
    assert workload["ingress"] == [{"from": [{"ipBlock": {"cidr": "10.8.0.0/16"}}]}]


def test_nobody_is_told_and_nothing_is_kept_on_a_volume() -> None:
    found = values()
    assert found["telemetry"] == {"enabled": False}
    assert found["controlPlane"]["statefulSet"]["persistence"]["volumeClaim"] == {"enabled": False}
    assert found["controlPlane"]["statefulSet"]["image"] == {"repository": "loft-sh/vcluster-oss", "tag": "0.36.0"}


def test_users_add_values_files_first(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("controlPlane: {statefulSet: {resources: {limits: {cpu: '3'}}, labels: {a: file}}}")
    chart = Chart(values=(str(file),), set={"controlPlane.statefulSet.labels.a": "set"})
    stateful = values(chart)["controlPlane"]["statefulSet"]
    assert stateful["resources"]["limits"]["cpu"] == "3"
    assert stateful["resources"]["limits"]["memory"] == "2Gi"
    assert stateful["labels"] == {"a": "set"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("policies.networkPolicy.enabled", False),
        ("policies", {}),
        ("sync.toHost.pods.useSecretsForSATokens", False),
        ("telemetry.enabled", True),
    ],
)
def test_what_the_policy_decides_can_not_be_set(path: str, value: object) -> None:
    with pytest.raises(PolicyError) as raised:
        values(Chart(set={path: value}))
    assert f"cluster.host.chart.set {path}: {path} can't be set" in raised.value.message


def test_values_files_are_named_when_they_are_wrong(tmp_path: Path) -> None:
    for content, words in (("[1]", "no keys and values"), ("a: [", "not YAML")):
        (tmp_path / "values.yaml").write_text(content)
        with pytest.raises(SpecError, match=words):
            values(Chart(values=(str(tmp_path / "values.yaml"),)))
    with pytest.raises(SpecError, match="can't be read"):
        values(Chart(values=(str(tmp_path / "none.yaml"),)))


def test_a_server_that_users_name_is_in_the_certificate() -> None:
    found = values(server="https://api.example.com:443")
    assert found["controlPlane"]["proxy"]["extraSANs"] == ["web.ephemeral-web.svc", "api.example.com"]


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ({"pods": "1"}, "pods: 1, but it takes 2"),
        ({"limits.cpu": "2"}, "limits.cpu: 2, but it takes 2 (control plane) + 1 (CoreDNS) = 3"),
        ({"requests.memory": "300Mi"}, "300Mi, but it takes 256Mi (control plane) + 64Mi (CoreDNS) = 320Mi"),
    ],
)
def test_a_quota_without_room_for_the_control_plane_is_refused_with_the_arithmetic(
    quota: dict[str, str], words: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        check_sizes(resolve(Isolation(quota=quota)))
    assert words in raised.value.message


def test_the_preset_has_room() -> None:
    check_sizes(resolve(Isolation()))
