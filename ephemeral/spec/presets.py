"""The isolation presets, and the policy that results from a preset and what is written beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ephemeral.spec.model import Isolation, Network, PodSecurity
from ephemeral.spec.quantities import parse_quantity

#: The default numbers of vcluster's chart (0.36.0, `values.yaml`, policies), so that both providers mean the same.
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

#: As an amount: none of this name, though the preset has one.
UNLIMITED = "unlimited"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """An isolation policy with nothing left to resolve; empty mappings and None: no such rule.

    ``network`` says whether there are network rules at all; without them everything may talk to everything.
    """

    pod_security: PodSecurity | None
    quota: Mapping[str, str]
    default_limits: Mapping[str, str]
    default_requests: Mapping[str, str]
    network: bool
    public_egress: bool
    allow_egress: tuple[str, ...]
    allow_ingress: tuple[str, ...]

    @property
    def network_rules(self) -> str:
        """The network rules in words: equal words, equal rules."""
        if not self.network:
            return "none"
        public = "public egress" if self.public_egress else "no public egress"
        return ", ".join(
            [public, *(f"egress to {each}" for each in sorted(self.allow_egress)),
             *(f"ingress from {each}" for each in sorted(self.allow_ingress))]
        )  # fmt: skip


def policy_from_dict(values: Mapping[str, Any]) -> Policy:
    """A policy as it was before ``dataclasses.asdict`` and a trip through JSON, which knows no tuples."""
    restored: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Policy(**restored)


def resolve(isolation: Isolation) -> Policy:
    """Put what is written over the preset, key by key."""
    isolated = isolation.preset == "isolated"
    limits = _fitting(ISOLATED_LIMITS, isolation.default_requests, max) if isolated else {}
    requests = _fitting(ISOLATED_REQUESTS, isolation.default_limits, min) if isolated else {}
    return Policy(
        pod_security=isolation.pod_security or ("baseline" if isolated else None),
        quota=_over(ISOLATED_QUOTA if isolated else {}, isolation.quota),
        default_limits=_over(limits, isolation.default_limits),
        default_requests=_over(requests, isolation.default_requests),
        network=isolated or isolation.network != Network(),
        public_egress=isolation.network.public_egress,
        allow_egress=isolation.network.allow_egress,
        allow_ingress=isolation.network.allow_ingress,
    )


def _over(preset: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    return {name: amount for name, amount in {**preset, **written}.items() if amount != UNLIMITED}


def _fitting(preset: Mapping[str, str], written: Mapping[str, str], pick: Callable[..., str]) -> dict[str, str]:
    """Kubernetes refuses a default request above the default limit: where one is written, the preset's other yields."""
    bounds = _over({}, written)
    return {name: pick(amount, bounds.get(name, amount), key=parse_quantity) for name, amount in preset.items()}
