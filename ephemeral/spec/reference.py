"""The reference page of ephemeral.yaml: tables of every key, read from the model."""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from ephemeral.spec.keys import models_below
from ephemeral.spec.metadata import kebab


def tables(root: Any) -> str:
    """Markdown: a table for ``root`` and one for each model below it, with type, default and meaning of its keys."""
    return "\n".join(line for path, model in models_below(root) for line in _table(path, model))


def _table(path: str, model: Any) -> Iterator[str]:
    if path:
        yield from (f"### {path}", "")
    yield from (model.__doc__.strip(), "")
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    hints = typing.get_type_hints(model)
    for field in dataclasses.fields(model):
        key = kebab(field.name)
        kind = _type(hints[field.name], f"{path}.{key}")
        yield f"| `{key}` | {kind} | {_default(field)} | {field.metadata['doc']} |"
    yield ""


def _type(hint: Any, path: str) -> str:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return f"[keys](#{re.sub('[^a-z-]', '', path)})"
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0], path)}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(argument, path) for argument in arguments if argument is not type(None))
    if origin is not None and issubclass(origin, Mapping):
        return "map"
    return {str: "text", int: "number", bool: "`true` or `false`"}.get(hint, "anything")


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "" if field.default_factory is not dataclasses.MISSING else "*needed*"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return "" if field.default in (None, "", ()) else f"`{field.default}`"
