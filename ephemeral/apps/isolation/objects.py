"""The isolation policy as objects of each namespace."""

from collections.abc import Iterable, Sequence
from typing import Any

from ephemeral.apps.isolation.demand import Part
from ephemeral.apps.isolation.network import network_policy
from ephemeral.apps.isolation.quota import shares
from ephemeral.kube.objects import Object
from ephemeral.spec.presets import Policy

#: Labels by which everything that ephemeral itself puts into a cluster is known.
MANAGED = {"app.kubernetes.io/managed-by": "ephemeral"}
NAME = "ephemeral"


def isolation_objects(policy: Policy, namespaces: Sequence[str], parts: Iterable[Part]) -> list[Object]:
    """ResourceQuota, LimitRange and NetworkPolicy of each namespace, as far as the policy has them.

    Raises SpecError when ``parts`` take more than the policy's quota.
    """
    shared = shares(policy.quota, namespaces, parts)
    found: list[Object] = []
    for namespace in namespaces:
        metadata = {"name": NAME, "namespace": namespace, "labels": MANAGED}
        if shared[namespace]:
            found.append(_quota(metadata, shared[namespace]))
        if policy.default_limits or policy.default_requests:
            found.append(_limit_range(metadata, policy))
        if policy.network:
            found.append(network_policy(policy, metadata))
    return found


def _quota(metadata: dict[str, Any], hard: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


def _limit_range(metadata: dict[str, Any], policy: Policy) -> Object:
    limits = {
        "type": "Container",
        "default": dict(policy.default_limits),
        "defaultRequest": dict(policy.default_requests),
    }
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [limits]}}
