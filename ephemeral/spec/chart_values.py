"""The values that a user adds to vcluster's chart, as one nested mapping, with the place of each."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.model import Chart

_KEY = re.compile(r"(?:[^.\\]|\\.)+")


def added_values(chart: Chart) -> tuple[dict[str, Any], dict[str, str]]:
    """Files first, single values over them; and by dotted path of every single value, where it stands.

    Raises SpecError for a file that can't be read or is no mapping.
    """
    merged: dict[str, Any] = {}
    places: dict[str, str] = {}
    for file in chart.values:
        content = _read(Path(file))
        overlay(merged, content)
        places |= dict.fromkeys(leaves(content), file)
    for path, value in chart.set.items():
        overlay(merged, nested(path, value))
        places |= dict.fromkeys(leaves(nested(path, value)), f"cluster.host.chart.set {path}")
    return merged, places


def nested(path: str, value: Any) -> dict[str, Any]:
    """``a.b`` -> ``{a: {b: value}}``; ``\\.`` is a dot within a key."""
    for key in reversed([key.replace("\\.", ".") for key in _KEY.findall(path)]):
        value = {key: value}
    return dict(value)


def overlay(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Merge as helm does: mappings key by key, all else as a whole."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            overlay(base[key], value)
        else:
            base[key] = value


def leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted paths of all that is no mapping with keys."""
    for key, inner in value.items():
        path = f"{prefix}{str(key).replace('.', chr(92) + '.')}"
        if isinstance(inner, dict) and inner:
            yield from leaves(inner, f"{path}.")
        else:
            yield path


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path of `leaves`; None when nothing does."""
    value: Any = values
    for key in _KEY.findall(path):
        value = value.get(key.replace("\\.", ".")) if isinstance(value, dict) else None
    return value


def is_below(path: str, parent: str) -> bool:
    """Whether a dotted path is ``parent`` or lies in it."""
    return path == parent or path.startswith(f"{parent}.")


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise SpecError(f"values file {file} can't be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"values file {file} is not YAML: {error}") from error
    if not isinstance(content or {}, dict):
        raise SpecError(f"values file {file} has no keys and values")
    return content or {}
