"""Where pod specs are inside objects of any kind."""

from collections.abc import Iterator
from typing import Any

from ephemeral.kube.objects import Object

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def pod_spec(item: Object) -> dict[str, Any] | None:
    """The pod spec that an object is, or makes pods from; None when it makes none.

    Kinds are told by their shape, so that custom workloads (a Rollout, a Knative Service) count as well.
    """
    spec = item.get("spec")
    if item["kind"] == "Pod":
        return spec if isinstance(spec, dict) else None
    for path in (
        ("spec", "template", "spec"),
        ("spec", "jobTemplate", "spec", "template", "spec"),
        ("template", "spec"),
    ):
        found = _at(item, path)
        if isinstance(found, dict) and isinstance(found.get("containers"), list):
            return found
    return None


def containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All containers of a pod spec, of every sort."""
    for key in _CONTAINERS:
        yield from spec.get(key) or ()


def _at(item: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(item, dict):
            return None
        item = item.get(key)
    return item
