"""Pod Security by label: a namespace may ask for more than the policy, never for less."""

from collections.abc import Iterable

from ephemeral.apps.isolation.namespaces import is_namespace
from ephemeral.errors import PolicyError
from ephemeral.kube.objects import Manifest
from ephemeral.spec.presets import Policy

_ENFORCE = "pod-security.kubernetes.io/enforce"
_LEVELS = ("privileged", "baseline", "restricted")


def check_pod_security(manifests: Iterable[Manifest], policy: Policy) -> None:
    """Refuse Namespaces whose label would loosen the policy: for the API server, the label wins over its defaults.

    Raises PolicyError with the place of the manifest and both levels.
    """
    if policy.pod_security is None:
        return
    for each in filter(is_namespace, manifests):
        labels = each.object["metadata"].get("labels") or {}
        asked = labels.get(_ENFORCE, policy.pod_security)
        if asked in _LEVELS and _LEVELS.index(asked) < _LEVELS.index(policy.pod_security):
            raise PolicyError(
                f"{each.origin}: Namespace {each.object['metadata'].get('name')} asks for Pod Security {asked}, "
                f"the isolation policy says {policy.pod_security}.",
                hint=f"Drop the label {_ENFORCE}, or write `isolation: {{pod-security: {asked}}}` if that may be.",
            )
