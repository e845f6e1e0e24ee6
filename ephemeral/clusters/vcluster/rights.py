"""The rights that environments take on their host: one role for each mode, and what of it somebody lacks.

The rules stand in `roles/`. With a namespace given they make a Role in it, else a ClusterRole.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import CONNECTIONS

NAME = "ephemeral"
_ROLES = Path(__file__).parent / "roles"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_VERSION = "rbac.authorization.k8s.io/v1"


@dataclass(frozen=True, order=True, slots=True)
class Right:
    """One verb on one resource (``pods/exec``) of an API group."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def role_for(namespace: str, *, gateway: bool = False) -> Object:
    """The role that ephemeral needs: a Role in ``namespace``, a ClusterRole when that is empty.

    With ``gateway`` environments attach to a Gateway of the host, which takes a ClusterRole.
    """
    parts = ["contents"] if namespace else ["namespaces", "contents", *(["gateway"] if gateway else [])]
    return _role(namespace, [rule for part in parts for rule in _rules(part)])


def missing_rights(host: HostCluster, role: Object) -> list[Right]:
    """What of a role whoever asks has not, as the host's API server itself says. Raises ApiError."""
    rights = sorted(_rights(role["rules"]))

    def is_allowed(right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        attributes = {"group": right.group, "resource": resource, "subresource": subresource, "verb": right.verb}
        spec = {"resourceAttributes": {**attributes, "namespace": host.namespace}}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        return bool(host.kube.transport.request("POST", _REVIEWS, body=body).json()["status"]["allowed"])

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [right for right, allowed in zip(rights, pool.map(is_allowed, rights), strict=True) if not allowed]


def role_of(namespace: str, rights: Iterable[Right]) -> Object:
    """A role with these rights and no more."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in sorted(rights):
        verbs.setdefault((right.group, right.resource), []).append(right.verb)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), each in verbs.items():
        resources.setdefault((group, tuple(each)), []).append(resource)
    rules = [{"apiGroups": [group], "resources": names, "verbs": [*each]} for (group, each), names in resources.items()]
    return _role(namespace, rules)


def spell(role: Object) -> str:
    """A role as YAML, to be applied by an admin."""
    import yaml

    return str(yaml.dump(role, sort_keys=False, default_flow_style=None, width=120))


def _role(namespace: str, rules: Sequence[Any]) -> Object:
    metadata: dict[str, Any] = {"name": NAME, "labels": naming.MANAGED}
    kind = "Role" if namespace else "ClusterRole"
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": _VERSION, "kind": kind, "metadata": {**metadata, **place}, "rules": list(rules)}


def _rules(part: str) -> list[dict[str, list[str]]]:
    import yaml

    content = (_ROLES / f"{part}.yaml").read_text(encoding="utf-8")
    rules: list[dict[str, list[str]]] = yaml.load(content, Loader=yaml.CSafeLoader)
    return rules


def _rights(rules: Iterable[dict[str, list[str]]]) -> set[Right]:
    return {
        Right(group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
