"""The seam of the page: what it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the page: a heading, and a template of `templates/` with the values that it names.

    Everything that a template prints is escaped. A ``folded`` section shows only its heading and ``note`` at first.
    """

    title: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    folded: bool = False
