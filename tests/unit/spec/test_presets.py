import pytest

from ephemeral.spec.model import Isolation, Network
from ephemeral.spec.presets import Policy, resolve
from ephemeral.spec.quantities import parse_quantity


def test_isolated_is_the_default_and_has_the_numbers_of_vclusters_chart():
    assert resolve(Isolation()) == Policy(
        pod_security="baseline",
        quota={
            "requests.cpu": "10",
            "requests.memory": "20Gi",
            "requests.storage": "100Gi",
            "requests.ephemeral-storage": "60Gi",
            "limits.cpu": "20",
            "limits.memory": "40Gi",
            "limits.ephemeral-storage": "160Gi",
            "services.nodeports": "0",
            "services.loadbalancers": "1",
            "count/endpoints": "40",
            "pods": "20",
            "services": "20",
            "secrets": "100",
            "configmaps": "100",
            "persistentvolumeclaims": "20",
        },
        default_limits={"cpu": "1", "memory": "512Mi", "ephemeral-storage": "8Gi"},
        default_requests={"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "3Gi"},
        network=True,
        public_egress=True,
        allow_egress=(),
        allow_ingress=(),
    )


def test_none_starts_from_nothing():
    assert resolve(Isolation(preset="none")) == Policy(
        pod_security=None,
        quota={},
        default_limits={},
        default_requests={},
        network=False,
        public_egress=True,
        allow_egress=(),
        allow_ingress=(),
    )


def test_none_sets_what_is_written_out():
    policy = resolve(
        Isolation(preset="none", pod_security="restricted", quota={"pods": "3"}, network=Network(public_egress=False))
    )
    assert (policy.pod_security, policy.quota, policy.network) == ("restricted", {"pods": "3"}, True)


@pytest.mark.parametrize("key", ["quota", "default_limits", "default_requests"])
def test_what_is_written_replaces_the_preset_one_by_one(key):
    before = getattr(resolve(Isolation()), key)
    name = next(iter(before))
    assert getattr(resolve(Isolation(**{key: {name: "7", "example.com/gpu": "1"}})), key) == {
        **before,
        name: "7",
        "example.com/gpu": "1",
    }


@pytest.mark.parametrize("key", ["quota", "default_limits", "default_requests"])
def test_unlimited_removes_an_amount(key):
    before = getattr(resolve(Isolation()), key)
    name = next(iter(before))
    after = getattr(resolve(Isolation(**{key: {name: "unlimited"}})), key)
    assert after == {each: amount for each, amount in before.items() if each != name}


def test_pod_security_may_be_loosened_without_a_host_policy():
    assert resolve(Isolation(pod_security="privileged")).pod_security == "privileged"


def test_default_requests_of_the_preset_stay_below_written_limits():
    policy = resolve(Isolation(default_limits={"cpu": "50m", "memory": "1Gi", "ephemeral-storage": "unlimited"}))
    assert policy.default_requests == {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "3Gi"}


def test_default_limits_of_the_preset_stay_above_written_requests():
    policy = resolve(Isolation(default_requests={"cpu": "2", "memory": "64Mi"}))
    assert policy.default_limits == {"cpu": "2", "memory": "512Mi", "ephemeral-storage": "8Gi"}


def test_every_amount_of_the_preset_is_a_quantity():
    policy = resolve(Isolation())
    amounts = [*policy.quota.values(), *policy.default_limits.values(), *policy.default_requests.values()]
    assert all(parse_quantity(amount) >= 0 for amount in amounts)
