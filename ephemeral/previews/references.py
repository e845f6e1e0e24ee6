"""ConfigMaps and Secrets that a pod spec names: the candidate's names stand for the baseline's, and back."""

from collections.abc import Mapping
from typing import Any

#: (kind, name) -> the name to put in its place.
Names = Mapping[tuple[str, str], str]

#: Keys of a pod spec under which an object of one kind is named, and the key of the name.
_REFERENCES = {
    "configMap": ("ConfigMap", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
}


def rename_references(value: Any, names: Names) -> None:
    """Replace, in place, every name that ``names`` has: in volumes (projected ones too), `env` and `envFrom`."""
    if isinstance(value, list):
        for item in value:
            rename_references(item, names)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in _REFERENCES and isinstance(inner, dict):
            _rename(inner, *_REFERENCES[key], names)
        rename_references(inner, names)


def _rename(reference: dict[str, Any], kind: str, key: str, names: Names) -> None:
    # A projected volume names its Secret by `name`, a volume of its own by `secretName`.
    for each in {key, "name"} & reference.keys():
        if new := names.get((kind, reference[each])):
            reference[each] = new
