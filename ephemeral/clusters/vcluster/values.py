"""What the chart is told: a light and quick control plane, what the user adds, and last the isolation policy.

Keys and their effects: vcluster 0.36, `chart/values.yaml` and `chart/templates`.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from ephemeral.clusters.vcluster.ingress import ingress_values
from ephemeral.clusters.vcluster.scope import check_scope
from ephemeral.errors import PolicyError
from ephemeral.spec.chart_values import added_values, is_below, leaves, overlay, value_at
from ephemeral.spec.model import Cluster, HostIngress
from ephemeral.spec.presets import ISOLATED_LIMITS, ISOLATED_QUOTA, ISOLATED_REQUESTS, Policy
from ephemeral.spec.rules import IN_CLUSTER
from ephemeral.tools.vcluster import vcluster_release

Values = dict[str, Any]

#: What no public service answers on, as in the local provider's rules.
_NOT_PUBLIC = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"]
#: Belong to the isolation policy as a whole, and to nothing that is added.
_POLICY_KEYS = ("policies", "sync.toHost.pods.useSecretsForSATokens", "sync.toHost.networkPolicies", "telemetry")

#: The syncer and the three programs that it runs. Without a CPU limit of its own it would get the LimitRange's.
CONTROL_PLANE = {
    "requests": {"cpu": "200m", "memory": "256Mi", "ephemeral-storage": "1Gi"},
    "limits": {"cpu": "2", "memory": "2Gi", "ephemeral-storage": "4Gi"},
}
#: It copies some 300 MB of programs; the chart's 100m of CPU would make that slow.
COPY_PROGRAMS = {"requests": {"cpu": "40m", "memory": "64Mi"}, "limits": {"cpu": "2", "memory": "512Mi"}}
#: There is one of it: an election would only be waited for. Each controller asks for an account of its own as it
#: starts, which their own limit of 20 requests a second makes take 4 s; the API server is the environment's alone.
_QUICK_CONTROLLERS = ["--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=1000"]
COREDNS = {
    "requests": {"cpu": "20m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
    "limits": {"cpu": "1", "memory": "170Mi", "ephemeral-storage": "1Gi"},
}


def chart_values(cluster: Cluster, policy: Policy, *, name: str, namespace: str) -> Values:
    """All values of one environment.

    Raises PolicyError when what the user adds touches what the isolation policy decides, SpecError when it reaches
    beyond the one namespace that may be used.
    """
    values = deepcopy(_light(cluster, name, namespace))  # what is added must not change what later ones start from
    added, places = added_values(cluster.host.chart)
    derived = _from_policy(policy, cluster.host.ingress)
    conflicts = list(_conflicts(added, places, derived))
    if conflicts:
        hint = "`isolation:` in ephemeral.yaml says how the environment is isolated; the chart follows it."
        raise PolicyError("\n".join(conflicts), hint=hint)
    if cluster.host.namespace:
        check_scope(namespace, added, places)
    overlay(values, ingress_values(cluster.host, name))
    overlay(values, added)
    overlay(values, derived)
    return values


def _light(cluster: Cluster, name: str, namespace: str) -> Values:
    release = vcluster_release()
    kubernetes = release.kubernetes_version(cluster.kubernetes)
    names = [f"{name}.{namespace}.svc"]
    if cluster.host.server not in ("", IN_CLUSTER):
        names.append(str(urlsplit(cluster.host.server).hostname))
    return {
        "controlPlane": {
            "distro": {
                "k8s": {
                    "image": {"repository": release.kubernetes_image, "tag": f"v{kubernetes}"},
                    "resources": COPY_PROGRAMS,
                    "controllerManager": {"extraArgs": _QUICK_CONTROLLERS},
                }
            },
            "statefulSet": {
                "image": {"repository": release.image, "tag": release.version},
                "enableServiceLinks": False,
                "resources": CONTROL_PLANE,
                # What lives as long as a test needs no volume, and a volume is what leaks.
                "persistence": {
                    "volumeClaim": {"enabled": False},
                    "dataVolume": [{"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "512Mi"}}],
                },
                "probes": {
                    "startupProbe": {"periodSeconds": 1, "failureThreshold": 300},
                    "readinessProbe": {"periodSeconds": 1},
                },
            },
            "coredns": {"deployment": {"resources": COREDNS}},
            "proxy": {"extraSANs": names},
            "advanced": {"defaultImageRegistry": cluster.host.registry},
        },
        "networking": {"advanced": {"proxyKubelets": {"byHostname": False, "byIP": False}}},
        "sync": {"toHost": {"pods": {"rewriteHosts": {"enabled": False}}}},
    }


def _from_policy(policy: Policy, ingress: HostIngress) -> Values:
    """Null takes a default of the chart away."""
    network = {
        "enabled": policy.network,
        "workload": {
            "publicEgress": {"enabled": policy.public_egress, "cidr": "0.0.0.0/0", "except": _NOT_PUBLIC},
            "egress": [{"to": [_block(each)]} for each in policy.allow_egress],
            "ingress": [*({"from": [_block(each)]} for each in policy.allow_ingress), *_from_controller(ingress)],
        },
    }
    return {
        "policies": {
            "podSecurityStandard": policy.pod_security or "",
            "resourceQuota": {"enabled": bool(policy.quota), "quota": _replacing(ISOLATED_QUOTA, policy.quota)},
            "limitRange": {
                "enabled": bool(policy.default_limits or policy.default_requests),
                "default": _replacing(ISOLATED_LIMITS, policy.default_limits),
                "defaultRequest": _replacing(ISOLATED_REQUESTS, policy.default_requests),
            },
            "networkPolicy": network,
        },
        # Tokens in annotations of pods are readable by whoever may list pods.
        "sync": {"toHost": {"pods": {"useSecretsForSATokens": True}}},
        "telemetry": {"enabled": False},
    }


def _from_controller(ingress: HostIngress) -> list[Values]:
    labels = {"kubernetes.io/metadata.name": ingress.namespace}
    return [{"from": [{"namespaceSelector": {"matchLabels": labels}}]}] if ingress.namespace else []


def _replacing(chart: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str | None]:
    return {**dict.fromkeys(chart), **wanted}


def _block(cidr: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr}}


def _conflicts(added: Values, places: Mapping[str, str], derived: Values) -> Iterator[str]:
    for path in leaves(added):
        for ours in _POLICY_KEYS:
            if is_below(path, ours) or is_below(ours, path):
                ruled = _spelled(derived, path)
                yield f"{places[path]}: {path} can't be set: the isolation policy decides it{ruled}."


def _spelled(derived: Values, path: str) -> str:
    value = value_at(derived, path)
    return "" if value is None or isinstance(value, dict) else f" ({path}: {value})"
