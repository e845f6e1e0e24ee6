"""The isolation presets, and the policy that results from a preset and what is written beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ephemeral.spec.model import Isolation, PodSecurity

#: The defaults of vcluster's chart (0.36.0, `chart/values.yaml`, policies): both providers mean the same.
ISOLATED_QUOTA: Mapping[str, str] = {
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
}
ISOLATED_LIMITS: Mapping[str, str] = {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "8Gi"}
ISOLATED_REQUESTS: Mapping[str, str] = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "3Gi"}

#: As a quota's value: no limit, though the preset has one.
UNLIMITED = "unlimited"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """An isolation policy with nothing left to resolve; empty mappings and None: no such rule."""

    pod_security: PodSecurity | None
    quota: Mapping[str, str]
    default_limits: Mapping[str, str]
    default_requests: Mapping[str, str]
    network: bool
    public_egress: bool
    allow_egress: tuple[str, ...]
    allow_ingress: tuple[str, ...]


def resolve(isolation: Isolation) -> Policy:
    """Put what is written over the preset, key by key."""
    isolated = isolation.preset == "isolated"
    quota = {**(ISOLATED_QUOTA if isolated else {}), **isolation.quota}
    return Policy(
        pod_security=isolation.pod_security or ("baseline" if isolated else None),
        quota={name: amount for name, amount in quota.items() if amount != UNLIMITED},
        default_limits={**(ISOLATED_LIMITS if isolated else {}), **isolation.default_limits},
        default_requests={**(ISOLATED_REQUESTS if isolated else {}), **isolation.default_requests},
        network=isolated,
        public_egress=isolation.network.public_egress,
        allow_egress=isolation.network.allow_egress,
        allow_ingress=isolation.network.allow_ingress,
    )
