"""Kubernetes objects as plain dicts: their names in sentences, and where they were written down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """An object to apply and the place that asks for it, such as ``k8s/web.yaml:12``.

    ``namespace`` is where a namespaced object goes that names none itself.
    """

    object: Object
    origin: str
    namespace: str = "default"


def subject(item: Mapping[str, Any]) -> str:
    """Name an object as sentences do: ``Deployment default/web``, ``Namespace shop``."""
    metadata = item.get("metadata") or {}
    name = metadata.get("name") or f"{metadata.get('generateName', '')}*"
    namespace = metadata.get("namespace")
    return f"{item.get('kind', 'object')} {namespace}/{name}" if namespace else f"{item.get('kind', 'object')} {name}"


def group_of(item: Mapping[str, Any]) -> str:
    """The API group of an object; the core group is the empty string."""
    group, slash, _ = str(item.get("apiVersion", "")).rpartition("/")
    return group if slash else ""


def identity(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What makes an object the same one, whatever its version: group, kind, namespace, name."""
    metadata = item.get("metadata") or {}
    return group_of(item), item.get("kind", ""), metadata.get("namespace") or "", metadata.get("name") or ""


def condition(item: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The entry of ``status.conditions`` of this type, or an empty mapping."""
    conditions: Iterable[Mapping[str, Any]] = (item.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), {})
