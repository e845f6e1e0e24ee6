"""The admin's ceilings as the host itself holds them: whoever makes an environment there is held to them.

A ConfigMap `ephemeral-policy` in namespace `ephemeral-system`, or in the one namespace that may be used; its key
`policy.yaml` is a host policy as `--policy` takes it.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.errors import ClusterError
from ephemeral.kube.transport import ApiError
from ephemeral.spec.document import Document, KeyPath
from ephemeral.spec.host_policy import LoadedPolicy, checked_policy
from ephemeral.spec.load import Loaded
from ephemeral.spec.metadata import kebab
from ephemeral.spec.model import Spec
from ephemeral.spec.read import parse_document
from ephemeral.spec.tighten import tighten

NAMESPACE = "ephemeral-system"
NAME = "ephemeral-policy"
KEY = "policy.yaml"


def within_policy(host: HostCluster, spec: Spec) -> Spec:
    """The spec as the host's policy lets it be. Raises PolicyError that names both sides of every conflict."""
    policy = fetch_policy(host)
    if policy is None:
        return spec
    given = frozenset(_given(spec, Spec(), ()))
    return tighten(Loaded(spec, given, Document("the environment")), policy)


def fetch_policy(host: HostCluster) -> LoadedPolicy | None:
    """The host's policy; None when it has none. Raises SpecError when it can't be read, ClusterError when forbidden."""
    namespace = host.namespace or NAMESPACE
    origin = f"ConfigMap {namespace}/{NAME} of the host"
    try:
        item = host.kube.get("v1", "ConfigMap", NAME, namespace)
    except ApiError as error:
        if error.status in (401, 403):
            raise ClusterError(
                f"{origin} can't be read: {error.message}",
                hint="`ephemeral doctor --host` shows which rights are missing: its policy must not be passed by.",
            ) from error
        raise
    if item is None:
        return None
    return checked_policy(parse_document((item.get("data") or {}).get(KEY, ""), f"{origin}, {KEY}"))


def _given(value: Any, default: Any, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of all that differs from its default, and of what holds it."""
    if value == default:
        return
    yield path
    if is_dataclass(value) and type(value) is type(default):
        for each in fields(value):
            yield from _given(getattr(value, each.name), getattr(default, each.name), (*path, kebab(each.name)))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _given(inner, None, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _given(inner, None, (*path, index))
