"""The part of kubectl's JSONPath that conditions need: `{.status.conditions[?(@.type=="Ready")].status}`.

Names, quoted names, indexes, `[*]` and filters that compare with `==`.
"""

import re
from collections.abc import Sequence
from typing import Any

_STEP = re.compile(
    r"""
      \.?(?P<name>[\w-]+(?:\\\.[\w-]+)*)
    | \[\s*['"](?P<quoted>[^'"]+)['"]\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | \.?\[?\s*(?P<all>\*)\s*\]?
    | \[\?\(\s*@(?P<path>[^=)]*?)\s*==\s*(?P<value>'[^']*'|"[^"]*"|[^)\s]+)\s*\)\]
    """,
    re.VERBOSE,
)


def find(path: str, item: Any) -> list[Any]:
    """Every value at that path, none where it leads nowhere. Raises ValueError for what is no such path."""
    rest = path.strip().removeprefix("{").removesuffix("}").strip().removeprefix("$")
    values = [item]
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise ValueError(f"JSONPath {path!r} can't be read at {rest!r}")
        values = [found for value in values for found in _step(step, value)]
        rest = rest[step.end() :]
    return values


def _step(step: re.Match[str], value: Any) -> Sequence[Any]:
    if step["index"] is not None:
        index = int(step["index"])
        return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
    if step["all"]:
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if step["path"] is not None:
        wanted = step["value"].strip("'\"")
        items = value if isinstance(value, list) else []
        return [each for each in items if wanted in map(_spell, find(step["path"], each))]
    name = step["quoted"] or step["name"].replace("\\.", ".")
    return [value[name]] if isinstance(value, dict) and name in value else []


def is_same(wanted: Any, found: Any) -> bool:
    """Whether a value reads as wanted; the status of a condition, a text, may be asked for as True."""
    if isinstance(wanted, bool):
        return str(found).lower() == _spell(wanted)
    return _spell(found) == _spell(wanted)


def _spell(value: Any) -> str:
    """A value as kubectl prints it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
