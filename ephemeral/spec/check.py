"""Validation at the edge: pydantic for the shape, rules for the meaning, all complaints at once and in plain words."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ephemeral.spec.document import Complaint, Document, KeyPath
from ephemeral.spec.keys import unknown_key
from ephemeral.spec.rules import Rule, broken

Model = TypeVar("Model")

_WORDS: Mapping[str, Callable[[Any], str]] = {
    "int": lambda value: f"must be a whole number, not {_shown(value)}.",
    "bool": lambda value: f"must be true or false, not {_shown(value)}.",
    "string": lambda value: f"must be text, not {_shown(value)}{_quote_it(value)}.",
    "tuple": lambda value: f"a list is expected here, not {_shown(value)}.",
    "mapping": lambda value: f"keys and values are expected here, not {_shown(value)}.",
    "dict": lambda value: f"keys and values are expected here, not {_shown(value)}.",
    "dataclass": lambda value: f"keys and values are expected here, not {_shown(value)}.",
    "missing": lambda _: "is needed here.",
}


def check(model: type[Model], document: Document, rules: Mapping[str, Rule], *, hint: str) -> Model:
    """Make a ``model`` of what is written. Raises SpecError with a line for each thing that is wrong."""
    from pydantic import TypeAdapter, ValidationError

    accepted: list[Model] = []
    try:
        accepted.append(TypeAdapter(model).validate_python(document.value))
    except ValidationError as error:
        document.complaints.extend(_complaint(model, each, document.value) for each in error.errors(include_url=False))
    document.complaints.extend(broken(rules, document.value))
    document.refuse(hint)
    return accepted[0]


def _complaint(model: type, error: Any, value: Any) -> Complaint:
    kind, path = error["type"], tuple(error["loc"])
    if kind == "unexpected_keyword_argument":
        return path, unknown_key(model, path)
    if kind.startswith("missing"):
        return (*_written_part(path[:-1], value), path[-1]), _WORDS["missing"](None)
    path = _written_part(path, value)
    if kind == "literal_error":
        choices = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return path, f"must be one of: {choices}; not {_shown(error['input'])}."
    words = _WORDS.get(kind.partition("_")[0])
    return path, words(error["input"]) if words else f"{error['msg'].lower()}, not {_shown(error['input'])}."


def _written_part(path: KeyPath, value: Any) -> KeyPath:
    """Without what pydantic puts behind the path of a union: the name of the type it tried."""
    for length, step in enumerate(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return path[:length]
    return path


def _shown(value: Any) -> str:
    """A value as its writer knows it; what is large is only named."""
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "keys and values" if value else "{}"
    if isinstance(value, list):
        return "a list"
    return repr(value) if isinstance(value, str) else str(value)


def _quote_it(value: Any) -> str:
    return "; to mean the word, put it in quotes" if isinstance(value, bool) else ""
