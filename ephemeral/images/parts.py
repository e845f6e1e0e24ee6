"""What both formats of archives are brought to."""

from dataclasses import dataclass
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.images.contents import Contents


@dataclass(frozen=True, kw_only=True)
class Part:
    """One image for one platform. ``files`` are what it is made of, with sizes in bytes where they are promised."""

    references: tuple[str, ...]
    platform: str
    digest: str
    files: dict[str, int | None]


def platform_of(value: dict[str, Any]) -> str:
    """``linux/arm64`` of a configuration, or of an index's `platform`."""
    return f"{value.get('os') or 'unknown'}/{value.get('architecture') or 'unknown'}"


def damaged(contents: Contents, name: str) -> SpecError:
    """The error for a document that lacks what its format demands."""
    return SpecError(f"{contents.path} is broken: {name} is not what its format demands.", hint="Save the image again.")
