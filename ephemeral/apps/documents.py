"""Text of YAML or JSON -> manifests, with the place of each. Scalars are read as kubectl reads them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest

_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")


def parse(text: str, origin: str, *, namespace: str = "default") -> list[Manifest]:
    """Read every object of a text that may hold several documents; lists are taken apart, empty documents skipped.

    Raises SpecError with file and line for what is no YAML or no object.
    """
    found = []
    for line, document in _documents(text, origin):
        place = f"{origin}:{line}"
        found += [
            Manifest(object=_checked(item, place), origin=place, namespace=namespace) for item in _flatten(document)
        ]
    return found


def _documents(text: str, origin: str) -> Iterator[tuple[int, Any]]:
    """Yield each document that is not empty and the line it begins at."""
    import yaml

    loader = _loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            document = loader.construct_document(node)
            if document is not None:
                yield node.start_mark.line + 1, document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{origin}:{mark.line + 1}" if mark else origin
        raise SpecError(f"{place}: this is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SpecError(f"{origin}: this is not YAML: {error}") from error
    finally:
        loader.dispose()


def _flatten(document: Any) -> Iterator[Any]:
    if _is_list(document):
        for item in document["items"] or ():
            yield from _flatten(item)
    else:
        yield document


def _is_list(document: Any) -> bool:
    """Whether this only holds other objects; a custom resource that has a name is one itself, whatever its kind."""
    if not isinstance(document, dict) or not str(document.get("kind")).endswith("List"):
        return False
    return isinstance(document.get("items"), list | None) and not (document.get("metadata") or {}).get("name")


def _checked(item: Any, place: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise SpecError(f"{place}: this is no Kubernetes object but a {type(item).__name__}")
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str):
            raise SpecError(f"{place}: this is no Kubernetes object: it has no `{key}`")
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise SpecError(f"{place}: this {item['kind']} has no `metadata.name`")
    return item


@cache
def _loader() -> Any:
    """A safe YAML loader without what PyYAML alone sees in plain scalars.

    It makes numbers of ``12:30``, dates of ``2024-01-01``, and nothing at all of ``=`` (an error); kubectl has strings.
    """
    import yaml

    class Loader(yaml.CSafeLoader):
        pass

    replaced = {f"{_TAG}{name}" for name in ("timestamp", "value", "int", "float")}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in pairs if tag not in replaced]
        for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(f"{_TAG}int", _INT, list("-+0123456789"))
    Loader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+0123456789."))
    return Loader
