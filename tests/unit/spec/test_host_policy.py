"""What the admin allows holds against whatever a pull request writes, and defaults bend to it."""

from pathlib import Path

import pytest

from ephemeral.errors import PolicyError, SpecError
from ephemeral.spec.host_policy import HostPolicy, load_host_policy
from ephemeral.spec.load import load
from ephemeral.spec.presets import ISOLATED_QUOTA, resolve
from ephemeral.spec.quantities import parse_quantity
from ephemeral.spec.tighten import tighten


@pytest.fixture
def held(read, folder):
    """The spec of an ephemeral.yaml under a policy."""

    def held(policy: str, text: str = "ttl: 1m", **options: object):
        Path("policy.yaml").write_text(policy)
        return tighten(read(text, **options), load_host_policy(Path("policy.yaml")))

    return held


CONFLICTS = {
    "ttl": (
        "ttl: 4h",
        "name: a\nttl: 8h",
        "ephemeral.yaml:2: ttl asks for 8h; policy.yaml:1: ttl allows at most 4h.",
    ),
    "provider": (
        "ttl: 4h\nproviders: [vcluster]",
        "cluster: {provider: local}",
        "ephemeral.yaml:1: cluster.provider asks for local; policy.yaml:2: providers allows only vcluster.",
    ),
    "nodes": (
        "nodes: [real]",
        "cluster: {nodes: simulated}",
        "ephemeral.yaml:1: cluster.nodes asks for simulated; policy.yaml:1: nodes allows only real.",
    ),
    "nodes by default": (
        "nodes: [simulated]",
        "name: a",
        "ephemeral.yaml: cluster.nodes asks for real by default; policy.yaml:1: nodes allows only simulated.",
    ),
    "pod security": (
        "pod-security: restricted",
        "isolation:\n  pod-security: baseline",
        (
            "ephemeral.yaml:2: isolation.pod-security asks for baseline; "
            "policy.yaml:1: pod-security allows at least restricted."
        ),
    ),
    "preset none": (
        "pod-security: baseline",
        "isolation:\n  preset: none",
        "ephemeral.yaml:2: isolation.preset asks for none; policy.yaml:1: pod-security allows at least baseline.",
    ),
    "chart value": (
        "chart-values: [controlPlane.statefulSet.resources]",
        "cluster:\n  provider: vcluster\n  host: {chart: {set: {experimental.deploy.host.manifests: x}}}",
        (
            "ephemeral.yaml:3: cluster.host.chart asks for experimental.deploy.host.manifests "
            "(cluster.host.chart.set experimental.deploy.host.manifests); "
            "policy.yaml:1: chart-values allows only controlPlane.statefulSet.resources."
        ),
    ),
    "chart": (
        "ttl: 4h",
        "cluster:\n  provider: vcluster\n  host: {chart: {source: 'oci://evil/chart'}}",
        (
            "ephemeral.yaml:3: cluster.host.chart.source asks for oci://evil/chart; "
            "policy.yaml: chart-sources allows none."
        ),
    ),
    "quota": (
        "quota:\n  pods: 10\n  requests.cpu: 4",
        "isolation:\n  quota:\n    pods: 30\n    requests.cpu: 4000m",
        "ephemeral.yaml:3: isolation.quota.pods asks for 30; policy.yaml:2: quota.pods allows at most 10.",
    ),
    "unlimited quota": (
        "quota: {requests.cpu: 4}",
        "isolation: {quota: {requests.cpu: unlimited}}",
        (
            "ephemeral.yaml:1: isolation.quota[requests.cpu] asks for unlimited; "
            "policy.yaml:1: quota[requests.cpu] allows at most 4."
        ),
    ),
    "no quota": (
        "quota: {pods: 10}",
        "isolation: {preset: none, quota: {services: 1}}",
        "ephemeral.yaml:1: isolation.preset asks for none; policy.yaml:1: quota.pods allows at most 10.",
    ),
    "public egress": (
        "public-egress: false",
        "isolation: {network: {public-egress: true}}",
        (
            "ephemeral.yaml:1: isolation.network.public-egress asks for true; "
            "policy.yaml:1: public-egress allows only false."
        ),
    ),
    "a range": (
        "allow-egress: [10.20.0.0/16]",
        "isolation: {network: {allow-egress: [10.20.30.0/24, 10.0.0.0/8]}}",
        (
            "ephemeral.yaml:1: isolation.network.allow-egress[1] asks for 10.0.0.0/8; "
            "policy.yaml:1: allow-egress allows only 10.20.0.0/16."
        ),
    ),
    "a range of the other protocol": (
        "allow-egress: [10.0.0.0/8]",
        "isolation: {network: {allow-egress: ['fd00::/8']}}",
        (
            "ephemeral.yaml:1: isolation.network.allow-egress[0] asks for fd00::/8; "
            "policy.yaml:1: allow-egress allows only 10.0.0.0/8."
        ),
    ),
    "public addresses as a range": (
        "public-egress: false",
        "isolation: {network: {allow-egress: [0.0.0.0/0]}}",
        (
            "ephemeral.yaml:1: isolation.network.allow-egress[0] asks for 0.0.0.0/0; "
            "policy.yaml:1: public-egress allows none."
        ),
    ),
}


@pytest.mark.parametrize(("policy", "text", "message"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_is_written_may_not_loosen(policy, text, message, held):
    with pytest.raises(PolicyError) as raised:
        held(policy, text)
    assert raised.value.message == message
    assert raised.value.hint.startswith("ephemeral.yaml may only tighten the host policy")


def test_all_conflicts_at_once(held):
    with pytest.raises(PolicyError) as raised:
        held(
            "pod-security: baseline\nquota: {pods: 10}\nttl: 4h\npublic-egress: false",
            "ttl: 8h\nisolation: {preset: none, quota: {pods: 30}}",
        )
    assert raised.value.message.splitlines() == [
        "ephemeral.yaml:1: ttl asks for 8h; policy.yaml:3: ttl allows at most 4h.",
        "ephemeral.yaml:2: isolation.preset asks for none; policy.yaml:1: pod-security allows at least baseline.",
        "ephemeral.yaml:2: isolation.quota.pods asks for 30; policy.yaml:2: quota.pods allows at most 10.",
        "ephemeral.yaml:2: isolation.preset asks for none; policy.yaml:4: public-egress allows only false.",
        "ephemeral.yaml:2: isolation.preset asks for none; policy.yaml:4: public-egress allows none.",
    ]


def test_options_are_held_to_it_too(held):
    with pytest.raises(PolicyError, match=r"^--ttl: ttl asks for 9h; policy\.yaml:1: ttl allows at most 4h\.$"):
        held("ttl: 4h", "ttl: 1h", overrides={"ttl": "9h"}, origins={"ttl": "--ttl"})


def test_defaults_are_lowered_without_a_word(held):
    spec = held(
        "pod-security: restricted\nquota: {pods: 5, count/jobs.batch: 2, secrets: 500}\nttl: 30m\n"
        "providers: [vcluster, local]\npublic-egress: false",
        "name: a",
    )
    policy = resolve(spec.isolation)
    assert spec.ttl == "30m"
    assert spec.cluster.provider == "local"
    assert policy.pod_security == "restricted"
    assert policy.quota == {**ISOLATED_QUOTA, "pods": "5", "count/jobs.batch": "2"}
    assert policy.network
    assert not policy.public_egress


def test_the_first_provider_stands_in_for_a_default_that_is_not_allowed(held):
    assert held("providers: [vcluster]\nnodes: [simulated]", "name: a").cluster.provider == "vcluster"


def test_what_is_tighter_stays(held):
    text = """\
ttl: 10m
isolation:
  pod-security: restricted
  quota: {pods: 2, requests.cpu: 100m}
  network: {public-egress: false, allow-egress: [10.20.30.0/24]}
"""
    policy = "pod-security: baseline\nquota: {pods: 5, requests.cpu: 1}\nttl: 30m\nallow-egress: [10.20.0.0/16]"
    spec = held(policy, text)
    assert spec.ttl == "10m"
    assert spec.isolation.pod_security == "restricted"
    assert spec.isolation.quota == {"pods": "2", "requests.cpu": "100m"}
    assert spec.isolation.network.allow_egress == ("10.20.30.0/24",)


def test_preset_none_that_writes_out_all_that_is_demanded(held):
    text = "isolation: {preset: none, pod-security: baseline, quota: {pods: 5}, network: {public-egress: false}}"
    spec = held("pod-security: baseline\nquota: {pods: 5}\npublic-egress: false", text)
    assert spec.isolation.preset == "none"
    assert resolve(spec.isolation).network


@pytest.mark.parametrize("ceiling", ["1", "7", "20", "500"])
@pytest.mark.parametrize("asked", [None, "1", "7", "unlimited", "3e2"])
def test_a_quota_that_passes_is_never_above_the_ceiling(ceiling, asked, held):
    text = f"isolation: {{quota: {{pods: {asked}}}}}" if asked else "name: a"
    try:
        spec = held(f"quota: {{pods: {ceiling}}}", text)
    except PolicyError:
        assert asked is not None
        assert asked == "unlimited" or parse_quantity(asked) > parse_quantity(ceiling)
    else:
        assert parse_quantity(resolve(spec.isolation).quota["pods"]) <= parse_quantity(ceiling)


def test_a_policy_that_says_nothing_changes_nothing(held, read):
    text = "ttl: 300d\nisolation: {preset: none}"
    assert held("ttl: 365d", text) == read(text).spec


def test_reading_a_policy(folder):
    Path("policy.yaml").write_text("quota: {requests.cpu: 4}\nttl: 4h\nchart-values: [sync.toHost]\nproviders: [local]")
    assert load_host_policy(Path("policy.yaml")).policy == HostPolicy(
        quota={"requests.cpu": "4"}, ttl="4h", chart_values=("sync.toHost",), providers=("local",)
    )


def test_the_page_shows_a_policy_that_is_right(repository):
    example = repository / "docs" / "example.policy.yaml"
    assert load_host_policy(example).policy.ttl == "4h"
    assert f"```yaml\n{example.read_text()}```" in (repository / "docs" / "ephemeral-yaml.md").read_text()


def test_all_that_is_wrong_in_a_policy(folder):
    Path("policy.yaml").write_text(
        "pod-securty: baseline\nquota: {pods: -1, services: x}\nttl: 4\nproviders: []\nnodes: fake\n"
        "public-egress: maybe\nallow-egress: [10.0.0.1/8]\n"
    )
    with pytest.raises(SpecError) as raised:
        load_host_policy(Path("policy.yaml"))
    assert raised.value.message.splitlines() == [
        (
            "policy.yaml:1: pod-securty: there is no such key; did you mean pod-security? Known here: "
            "pod-security, quota, ttl, providers, nodes, public-egress, allow-egress, chart-sources, "
            "chart-values."
        ),
        "policy.yaml:2: quota.pods: '-1' is negative.",
        "policy.yaml:2: quota.services: 'x' is no quantity. Write it like 500m, 2, 1.5 or 20Gi.",
        "policy.yaml:3: ttl: '4' has no unit. Write 4s, 4m or 4h.",
        "policy.yaml:4: providers: must name at least one.",
        "policy.yaml:5: nodes: a list is expected here, not 'fake'.",
        "policy.yaml:6: public-egress: must be true or false, not 'maybe'.",
        "policy.yaml:7: allow-egress[0]: 10.0.0.1/8 has host bits set.",
    ]


def test_a_policy_reads_no_variables(folder, monkeypatch):
    monkeypatch.setenv("TTL", "4h")
    Path("policy.yaml").write_text("ttl: ${TTL}")
    with pytest.raises(SpecError, match=r"'\$\{TTL\}' is no duration"):
        load_host_policy(Path("policy.yaml"))


def test_without_a_file_the_options_are_the_origin(folder):
    Path("policy.yaml").write_text("ttl: 4h")
    with pytest.raises(PolicyError, match=r"^options: ttl asks for 8h"):
        tighten(load(None, overrides={"ttl": "8h"}), load_host_policy(Path("policy.yaml")))
