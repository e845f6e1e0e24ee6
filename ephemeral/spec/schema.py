"""The JSON Schema of ephemeral.yaml, read from the model."""

import dataclasses
from pathlib import Path
from typing import Any

from ephemeral.spec.keys import models_below
from ephemeral.spec.metadata import kebab
from ephemeral.spec.model import Spec

SCHEMA_FILE = Path(__file__).with_name("ephemeral.schema.json")

#: Where a list is wanted and `normal.py` takes a single item, too.
_ONE_OR_MANY = {
    ("Spec", "app"), ("Spec", "env"), ("Spec", "test"), ("Source", "manifests"), ("HelmChart", "values"),
    ("Preview", "service"), ("Candidate", "patch"), ("Candidate", "manifests"), ("PreviewCheck", "run"),
    ("Step", "run"),
}  # fmt: skip


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12), with the model's sentences as descriptions."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Spec).json_schema(by_alias=True)
    for _, model in models_below(Spec):
        described = schema if model is Spec else schema["$defs"][model.__name__]
        described["description"] = model.__doc__.strip()
        for field in dataclasses.fields(model):
            key = kebab(field.name)
            described["properties"][key] = _property(model, field, described["properties"][key])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "ephemeral.yaml"}


def _property(model: Any, field: "dataclasses.Field[Any]", found: dict[str, Any]) -> dict[str, Any]:
    described = {name: value for name, value in found.items() if name != "title"}
    if field.metadata.get("numeric"):
        _allow_numbers(described)
    described |= {bound: field.metadata[bound] for bound in ("minimum", "maximum") if bound in field.metadata}
    if (model.__name__, field.name) in _ONE_OR_MANY:
        many = {"type": described.pop("type"), "items": described.pop("items")}
        described["anyOf"] = [many, many["items"]]
    return {"description": field.metadata["doc"], **described}


def _allow_numbers(described: dict[str, Any]) -> None:
    """Texts that may look like a number: `cpu: 4`, `kubernetes: 1.36`."""
    text = described["additionalProperties"] if described["type"] == "object" else described
    text["type"] = ["string", "number"]
