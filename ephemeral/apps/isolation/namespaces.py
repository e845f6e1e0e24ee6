"""The namespaces that an app lives in."""

from collections.abc import Iterable

from ephemeral.kube.objects import Manifest, group_of

#: Kubernetes' own: the isolation policy is for apps, and a quota here would starve the cluster itself.
_SYSTEM = frozenset({"kube-node-lease", "kube-public", "kube-system"})


def namespaces_of(manifests: Iterable[Manifest]) -> list[str]:
    """``default``, and every namespace that the app brings or puts something into, sorted."""
    named = {name for item in manifests if (name := _namespace(item)) not in _SYSTEM}
    return ["default", *sorted(named - {"default"})]


def without_namespace(manifests: Iterable[Manifest], there: Iterable[str]) -> list[Manifest]:
    """Namespace objects for namespaces that the app uses, but neither it nor the cluster has."""
    missing: dict[str, Manifest] = {}
    known = {*there, *(item.object["metadata"].get("name") for item in manifests if is_namespace(item))}
    for item in manifests:
        name = _namespace(item)
        if name not in known:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            missing.setdefault(name, Manifest(object=body, origin=item.origin))
    return list(missing.values())


def _namespace(item: Manifest) -> str:
    metadata = item.object["metadata"]
    return str(metadata["name"] if is_namespace(item) else metadata.get("namespace") or item.namespace)


def is_namespace(item: Manifest) -> bool:
    """Whether this is a Namespace object."""
    return item.object["kind"] == "Namespace" and group_of(item.object) == ""
