"""The keys that a model has, and the right one for a wrong one."""

import dataclasses
import difflib
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from ephemeral.spec.document import KeyPath
from ephemeral.spec.metadata import kebab

_SURE, _LIKELY = 0.75, 0.5


def unknown_key(model: Any, path: KeyPath) -> str:
    """Say that the last key of ``path`` does not exist, which one may be meant, and which there are."""
    known = keys(_model_at(model, path[:-1]))
    guess = _guess(model, str(path[-1]), known)
    suggestion = f"; did you mean {guess}?" if guess else "."
    return f"there is no such key{suggestion} Known here: {', '.join(known)}."


def keys(model: Any) -> list[str]:
    """The keys of one dataclass, as they are spelled outside."""
    return [kebab(each.name) for each in dataclasses.fields(model)]


def inner_models(hint: Any) -> list[Any]:
    """The dataclasses in a type: through lists and optional values."""
    if dataclasses.is_dataclass(hint):
        return [hint]
    return [model for argument in typing.get_args(hint) for model in inner_models(argument)]


def models_below(model: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """``model`` and every dataclass in its fields, with the path of its keys: ``app[].helm``."""
    yield path, model
    for name, hint in typing.get_type_hints(model).items():
        item = "[]" if typing.get_origin(hint) is tuple else ""
        for inner in inner_models(hint):
            yield from models_below(inner, f"{path}.{kebab(name)}{item}".lstrip("."))


def _guess(model: Any, key: str, known: Sequence[str]) -> str:
    """The nearest key here, unless it is less near than the same key in another place."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=_SURE)
    elsewhere = [f"{path}.{key}".lstrip(".") for path, each in models_below(model) if key in keys(each)]
    if not near and len(elsewhere) == 1:
        return elsewhere[0]
    near = near or difflib.get_close_matches(key, known, n=1, cutoff=_LIKELY)
    return near[0] if near else ""


def _model_at(model: Any, path: KeyPath) -> Any:
    """The dataclass that a path of known keys leads to."""
    for step in path:
        if isinstance(step, str):
            model = inner_models(typing.get_type_hints(model)[step.replace("-", "_")])[0]
    return model
