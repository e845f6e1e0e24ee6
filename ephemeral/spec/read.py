"""Read one YAML file into plain values, remembering where each stands.

The nodes are turned into values here, not by PyYAML's constructor: lines must be known, numbers keep their spelling
(``version: 1.10`` is no 1.1), and a file from a pull request must not be able to crash or exhaust the reader.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.document import Document, KeyPath

_DEEPEST = 50
_TOO_DEEP = f"nested deeper than {_DEEPEST} levels."
_MOST_VALUES = 10_000
_TAG = "tag:yaml.org,2002:"
_FIRST_FILE = "`ephemeral init` writes a first one."


class Whole(int):
    """A whole number that is spelled as it was written wherever text is wanted."""

    text: str

    def __str__(self) -> str:
        return self.text


class Fraction(float):
    """A number with a fraction; ``1.10`` stays ``1.10`` wherever text is wanted."""

    text: str

    def __str__(self) -> str:
        return self.text


def read_document(path: Path) -> Document:
    """Parse a file of one YAML mapping. What is wrong with single keys is left in `Document.complaints`.

    Raises SpecError with file and line: no such file, empty, not YAML, several documents, not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpecError(f"{path} can't be read: {reason}.", hint=_FIRST_FILE) from error
    return parse_document(text, str(path))


def parse_document(text: str, origin: str) -> Document:
    """Parse the text of such a file; ``origin`` is what messages call it. Raises SpecError."""
    document = Document(origin)
    nodes = [node for node in _compose(text, origin) if node.value or node.id != "scalar"]
    if not nodes:
        raise SpecError(f"{origin} is empty.", hint=_FIRST_FILE)
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        raise SpecError(f"{origin}:{line}: there is a second document; only one is read.")
    value = _Reader(document).read(nodes[0], ())
    if not isinstance(value, dict):
        raise SpecError(f"{origin}:{nodes[0].start_mark.line + 1}: keys and values are expected here, not {value!r}.")
    document.value.update(value)
    return document


def read_value(text: str, origin: str) -> Any:
    """One value as it might stand in a file: ``3``, ``[a, b]``, ``{count: 2}``. Raises SpecError."""
    document = Document(origin)
    nodes = list(_compose(text, origin))
    value = _Reader(document).read(nodes[0], ()) if nodes else None
    document.refuse()
    return value


def _compose(text: str, origin: str) -> Iterator[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_depth(yaml.parse(text, Loader=loader), origin)
        yield from yaml.compose_all(text, Loader=loader)
    except yaml.YAMLError as error:
        raise SpecError(f"{origin}{_spell(error, text)}") from error


def _refuse_depth(events: Iterator[Any], origin: str) -> None:
    """PyYAML's composer recurses in C: deep nesting would end the process, not raise."""
    from yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise SpecError(f"{origin}:{event.start_mark.line + 1}: {_TOO_DEEP}")


def _spell(error: Any, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark and "maximum nesting depth" in str(error.problem):  # libyaml's own, which newer ones have
        return f":{mark.line + 1}: {_TOO_DEEP}"
    if mark:
        context = f" ({error.context})" if error.context else ""
        return f":{mark.line + 1}:{mark.column + 1}: {error.problem}{context}."
    before = text[: getattr(error, "position", 0)]
    return f":{before.count(chr(10)) + 1}: {str(error).partition(chr(10))[0]}."


class _Reader:
    def __init__(self, document: Document) -> None:
        from yaml.constructor import SafeConstructor

        self.document = document
        self.constructor = SafeConstructor()
        self.values = 0

    def read(self, node: Any, path: KeyPath) -> Any:
        self.values += 1
        # Aliases can make a small file stand for billions of values, or for itself.
        if len(path) > _DEEPEST or self.values > _MOST_VALUES:
            raise SpecError(f"{self.at(node)}: too large: more than {_MOST_VALUES} values or {_DEEPEST} levels.")
        if path:
            self.document.places.setdefault(path, self.at(node))
        kind = node.tag.removeprefix(_TAG)
        if node.id == "mapping" and kind == "map":
            return self.mapping(node, path)
        if node.id == "sequence" and kind == "seq":
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self.scalar(node, path, kind)

    def at(self, node: Any) -> str:
        return f"{self.document.origin}:{node.start_mark.line + 1}"

    def mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        self.note_duplicates(node, path)
        self.constructor.flatten_mapping(node)  # YAML's merge key, <<
        values = {}
        for key, value in node.value:
            if key.id != "scalar":
                self.document.complaints.append((path, "a key must be text."))
                continue
            here = (*path, key.value)
            self.document.places.pop(here, None)  # of a key that is given twice, the last one counts
            self.document.places[here] = self.at(key)
            values[key.value] = self.read(value, here)
        return values

    def note_duplicates(self, node: Any, path: KeyPath) -> None:
        first: dict[str, Any] = {}
        for key, _ in node.value:
            name = str(key.value)
            if name in first:
                what = f"is given twice, here and in line {first[name].start_mark.line + 1}."
                self.document.complaints.append(((*path, name), what))
            first.setdefault(name, key)

    def scalar(self, node: Any, path: KeyPath, kind: str) -> Any:
        match kind:
            case "str" | "timestamp" | "value":  # a date is not what anybody means here
                return node.value
            case "null":
                return None
            case "bool":
                return self.constructor.construct_yaml_bool(node)
            case "int" | "float":
                return self.number(node, path, kind)
            case _:
                self.document.complaints.append((path, f"the tag {node.tag} is not understood here."))
                return ""

    def number(self, node: Any, path: KeyPath, kind: str) -> Any:
        try:
            if kind == "int":
                whole = Whole(self.constructor.construct_yaml_int(node))
                whole.text = node.value
                return whole
            fraction = Fraction(self.constructor.construct_yaml_float(node))
        except ValueError:  # an explicit tag: !!int abc
            self.document.complaints.append((path, f"{node.value!r} is no number."))
            return ""
        fraction.text = node.value
        return fraction
