"""The JSON Schema of ephemeral.yaml, and its reference page: both read from the model."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ephemeral.spec.model import Spec, kebab

SCHEMA_FILE = Path(__file__).with_name("ephemeral.schema.json")


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12), with the model's sentences as descriptions."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Spec).json_schema(by_alias=True)
    for model in _models():
        described = schema if model is Spec else schema["$defs"][model.__name__]
        described["description"] = (model.__doc__ or "").strip()
        for field in dataclasses.fields(model):
            described["properties"][kebab(field.name)] |= {"description": field.metadata["doc"]}
    _allow_short_spellings(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "ephemeral.yaml"}


def reference() -> str:
    """Markdown tables of every key: type, default, meaning."""
    return "\n".join(line for model in _models() for line in _table(model))


def _allow_short_spellings(schema: dict[str, Any]) -> None:
    """What `normal.py` accepts besides the one form of the model."""
    one_or_many = [(schema, "app"), (schema, "env"), (schema, "test")]
    one_or_many += [(schema["$defs"]["Source"], "manifests"), (schema["$defs"]["HelmChart"], "values")]
    for owner, key in one_or_many:
        many = owner["properties"][key]
        description = many.pop("description")
        owner["properties"][key] = {"anyOf": [many, many["items"]], "description": description}


def _models() -> Iterator[Any]:
    """Spec and every dataclass below it, in reading order."""
    seen: list[Any] = []
    waiting: list[Any] = [Spec]
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.append(model)
        waiting += [inner for hint in typing.get_type_hints(model).values() for inner in _inner_models(hint)]
    yield from seen


def _inner_models(hint: Any) -> list[Any]:
    if dataclasses.is_dataclass(hint):
        return [hint]
    return [model for argument in typing.get_args(hint) for model in _inner_models(argument)]


def _table(model: Any) -> Iterator[str]:
    if model is not Spec:
        yield f"\n## {model.__name__}\n"
    yield f"{(model.__doc__ or '').strip()}\n"
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    hints = typing.get_type_hints(model)
    for field in dataclasses.fields(model):
        yield f"| `{kebab(field.name)}` | {_spell(hints[field.name])} | {_default(field)} | {field.metadata['doc']} |"


def _spell(hint: Any) -> str:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"  # type: ignore[union-attr]
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin is tuple:
        return f"list of {_spell(arguments[0])}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_spell(argument) for argument in arguments if argument is not type(None))
    if origin is not None and issubclass(origin, Mapping):
        return "map"
    return {str: "text", int: "number", bool: "`true` or `false`"}.get(hint, "anything")


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return ""
    if field.default is dataclasses.MISSING:
        return "*needed*"
    if field.default in (None, "", ()):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
