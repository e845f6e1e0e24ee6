"""What every part of the model of ephemeral.yaml says about its fields."""

from collections.abc import Mapping
from typing import Any


def doc(text: str, **extra: Any) -> Mapping[str, Any]:
    """Field metadata: the sentence that option help, schema and reference page show.

    ``minimum``, ``maximum`` and ``numeric`` (a text that may be spelled as a number, like ``cpu: 4``) are for the
    schema.
    """
    return {"doc": text, **extra}


def kebab(name: str) -> str:
    """The outside spelling of a field."""
    return name.replace("_", "-")


#: For pydantic, which `check.py` imports; here it would cost every command its import.
CONFIG = {"extra": "forbid", "alias_generator": kebab, "coerce_numbers_to_str": True}
