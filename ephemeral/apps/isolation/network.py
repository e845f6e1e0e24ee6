"""Network rules of one namespace: free talk inside the environment, DNS, public addresses, and what is allowed."""

from typing import Any

from ephemeral.kube.objects import Object
from ephemeral.spec.presets import Policy

#: What no public service answers on: private networks, carriers' NAT, this machine, links (and cloud metadata).
_NOT_PUBLIC = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")

_EVERY_NAMESPACE: dict[str, Any] = {"namespaceSelector": {}}


def network_policy(policy: Policy, metadata: dict[str, Any]) -> Object:
    """The NetworkPolicy of a namespace; every namespace of the cluster belongs to the same environment."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [_EVERY_NAMESPACE, *map(_block, policy.allow_ingress)]}],
            "egress": _egress(policy),
        },
    }


def _egress(policy: Policy) -> list[dict[str, Any]]:
    public = {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_NOT_PUBLIC)}}
    return [
        {"to": [_EVERY_NAMESPACE, *([public] if policy.public_egress else []), *map(_block, policy.allow_egress)]},
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
    ]


def _block(cidr: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr}}
