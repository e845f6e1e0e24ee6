"""The candidate's objects: copies under names and labels of their own, and the way back."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.previews.baseline import Baseline, selects, template_labels
from ephemeral.previews.names import LABEL, ORIGINAL, candidate_name, suffixed
from ephemeral.previews.references import rename_references
from ephemeral.previews.wanted import Wanted, plain

CANDIDATE = {LABEL: "candidate"}
COPIED = (("apps/v1", "Deployment"), ("v1", "ConfigMap"), ("v1", "Secret"))


def copies(wanted: Wanted, baseline: Baseline) -> list[Object]:
    """The objects that run the candidate beside the baseline."""
    names = {_key(each): candidate_name(each["metadata"]["name"]) for each in wanted.configuration}
    found = [_renamed(each) for each in wanted.configuration]
    for deployment in wanted.deployments:
        copy = _renamed(deployment)
        own = _own_labels(deployment, baseline)
        selector = copy["spec"]["selector"].get("matchLabels") or {}
        template = copy["spec"]["template"]
        copy["spec"]["selector"] = {"matchLabels": {**selector, **_kept(own, selector), **CANDIDATE}}
        template["metadata"]["labels"] = {**template_labels(deployment), **own, **CANDIDATE}
        rename_references(template["spec"], names)
        _follow(template["spec"], template_labels(deployment), own)
        found.append(copy)
    return found


def candidate_selector(selector: Mapping[str, str]) -> dict[str, str]:
    """The selector that finds the candidate's pods where ``selector`` finds the baseline's."""
    return {**{key: _own(value) for key, value in selector.items()}, **CANDIDATE}


def promoted(kube: Kube, namespace: str, baseline: Baseline) -> list[Object]:
    """The baseline's objects as the candidate's copies say: read from the cluster, so that anybody can promote."""
    copied = [each for kind in COPIED for each in _copies(kube, kind, namespace)]
    originals = {each["metadata"]["name"]: each for each in baseline.deployments}
    names = {_key(each): _original(each) for each in copied}
    found: list[Object] = []
    for copy in copied:
        if copy["kind"] != "Deployment":
            found.append(_named(plain(copy), _original(copy)))
        elif there := originals.get(_original(copy)):
            found.append(_with_template(there, copy, names))
    return found


def remove_copies(kube: Kube, namespace: str) -> None:
    """Delete the candidate; what is gone already is no error."""
    for kind in COPIED:
        for each in _copies(kube, kind, namespace):
            kube.delete(*kind, each["metadata"]["name"], namespace)


def _copies(kube: Kube, kind: tuple[str, str], namespace: str) -> Sequence[Object]:
    return kube.list(*kind, namespace=namespace, labels=f"{LABEL}=candidate")


def _with_template(there: Object, copy: Object, names: Mapping[tuple[str, str], str]) -> Object:
    result = plain(there)
    template = deepcopy(copy["spec"]["template"])
    before = template_labels(there)
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != LABEL}
    own = {key: value for key, value in before.items() if labels.get(key) == _own(value)}
    template["metadata"]["labels"] = {**labels, **own}
    rename_references(template["spec"], names)
    _follow(template["spec"], {key: _own(value) for key, value in own.items()}, own)
    result["spec"]["template"] = template
    return result


def _own_labels(deployment: Object, baseline: Baseline) -> dict[str, str]:
    """Labels by which anything selects the baseline's pods, with values that are the candidate's own."""
    labels = template_labels(deployment)
    keys = set(deployment["spec"]["selector"].get("matchLabels") or {})
    for selector in baseline.selectors:
        if selects(selector, labels):
            keys |= selector.keys()
    return {key: _own(labels[key]) for key in sorted(keys) if key in labels}


def _own(value: str) -> str:
    return suffixed(value, "-preview").lstrip("-")


def _kept(values: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key in keys}


def _follow(pod: Object, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Affinities and spreads that mean the pods of the same Deployment go on meaning them."""
    for selector in [*_selectors(pod.get("affinity")), *_selectors(pod.get("topologySpreadConstraints"))]:
        for key, value in selector.items():
            if key in after and value == before.get(key):
                selector[key] = after[key]


def _selectors(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _selectors(item)
    elif isinstance(value, dict):
        if isinstance(found := value.get("matchLabels"), dict):
            yield found
        for inner in value.values():
            yield from _selectors(inner)


def _renamed(item: Object) -> Object:
    name = item["metadata"]["name"]
    copy = _named(deepcopy(item), candidate_name(name))
    metadata = copy["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **CANDIDATE}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), ORIGINAL: name}
    return copy


def _named(item: Object, name: str) -> Object:
    metadata = item["metadata"]
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != LABEL}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != ORIGINAL}
    metadata.update(name=name, labels=labels, annotations=annotations)
    return item


def _original(copy: Object) -> str:
    found: str = copy["metadata"]["annotations"][ORIGINAL]
    return found


def _key(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]
