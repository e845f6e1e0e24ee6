"""What can be known to be wrong before anything is sent: duplicates, kinds that nobody serves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from ephemeral.errors import ApplyError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object, group_of, identity, subject

Kind = tuple[str, str]  # apiVersion, kind


def prepare(kube: Kube, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Put every namespaced object into a namespace and others into none, and refuse what can't be applied.

    Raises ApplyError for duplicates and for kinds that neither the cluster nor the manifests define.
    """
    brought = {kind: namespaced for item in manifests for kind, namespaced in _defined_by(item.object)}
    unknown = [item for item in manifests if _is_unknown(kube, item.object, brought, manifests)]
    if unknown:
        raise _unknown_kinds(kube, unknown, brought)
    placed = [replace(item, object=_placed(kube, item, brought)) for item in manifests]
    _refuse_duplicates(placed)
    return placed


def _defined_by(item: Object) -> Iterator[tuple[Kind, bool]]:
    """The kinds that a CRD brings, and whether each is namespaced."""
    if item["kind"] == "CustomResourceDefinition":
        spec = item.get("spec") or {}
        for version in spec.get("versions") or ():
            kind = (spec.get("names") or {}).get("kind", "")
            yield (f"{spec.get('group')}/{version.get('name')}", kind), spec.get("scope") == "Namespaced"


def _is_unknown(kube: Kube, item: Object, brought: dict[Kind, bool], manifests: Iterable[Manifest]) -> bool:
    kind = (item["apiVersion"], item["kind"])
    return kind not in brought and not kube.discovery.find(*kind) and not _served_later(group_of(item), manifests)


def _served_later(group: str, manifests: Iterable[Manifest]) -> bool:
    """Whether an APIService among the manifests answers for the group: its kinds can't be known yet."""
    return any(
        item.object["kind"] == "APIService" and (item.object.get("spec") or {}).get("group") == group
        for item in manifests
    )


def _placed(kube: Kube, manifest: Manifest, brought: dict[Kind, bool]) -> Object:
    item = manifest.object
    kind = (item["apiVersion"], item["kind"])
    resource = kube.discovery.find(*kind) if kind not in brought else None
    namespaced = brought.get(kind, resource is None or resource.namespaced)
    metadata = {key: value for key, value in item["metadata"].items() if key != "namespace"}
    if namespaced:
        metadata["namespace"] = item["metadata"].get("namespace") or manifest.namespace
    return {**item, "metadata": metadata}


def _refuse_duplicates(manifests: Iterable[Manifest]) -> None:
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    for item in manifests:
        first = seen.setdefault(identity(item.object), item)
        if first is not item and item.object["metadata"].get("name"):
            raise ApplyError(
                f"{subject(item.object)} is there twice: in {first.origin} and in {item.origin}",
                hint="remove one of the two, or rename it",
            )


def _unknown_kinds(kube: Kube, unknown: Sequence[Manifest], brought: Iterable[Kind]) -> ApplyError:
    lines = [
        f"{subject(item.object)} ({item.origin}): nothing here serves kind {item.object['kind']} "
        f"of {item.object['apiVersion']}"
        for item in unknown
    ]
    hints = dict.fromkeys(_unknown_hint(kube, item.object, brought) for item in unknown)
    return ApplyError("\n".join(lines), hint="\n".join(hints))


def _unknown_hint(kube: Kube, item: Object, brought: Iterable[Kind]) -> str:
    served: dict[str, list[str]] = {}
    for version, kind in [*((each.api_version, each.kind) for each in kube.discovery.kinds()), *brought]:
        served.setdefault(kind, []).append(version)
    if versions := served.get(item["kind"]):
        return f"{item['kind']} is served as {', '.join(versions)}"
    if near := get_close_matches(item["kind"], served, n=1, cutoff=0.75):
        return f"did you mean {near[0]} ({', '.join(served[near[0]])})?"
    return f"add the CRD that defines {item['kind']} ({group_of(item) or 'core'}) to the manifests"
