"""Read one YAML file into plain values, remembering the line of each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """The values of a file. ``lines`` has the line (from 1) of every key and item, by its path."""

    origin: str
    value: Any = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """``file:line`` of a key, or of the nearest one above it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.origin}:{self.lines[path]}" if path in self.lines else self.origin


def read_document(path: Path, *, scalar: Callable[[str, str], str]) -> Document:
    """Parse a file of one YAML mapping; ``scalar`` maps each string (text, place) to what it stands for.

    Raises SpecError with file and line: no such file, empty, not YAML, several documents, a key given twice.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpecError(f"{path} can't be read: {reason}", hint="`ephemeral init` writes a first one.") from error
    try:
        nodes = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise SpecError(f"{path}{_spell(error)}") from error
    if not nodes or nodes == [None]:
        raise SpecError(f"{path} is empty.", hint="`ephemeral init` writes a first one.")
    if len(nodes) > 1:
        raise SpecError(f"{path}:{nodes[1].start_mark.line + 1}: there is a second document; only one is read.")
    reader = _Reader(str(path), scalar)
    value = reader.read(nodes[0], ())
    if not isinstance(value, dict):
        raise SpecError(f"{path}:1: keys and values are expected here, not {type(value).__name__}.")
    return Document(str(path), value, reader.lines)


class _Reader:
    def __init__(self, origin: str, scalar: Callable[[str, str], str]) -> None:
        from yaml.constructor import SafeConstructor

        self.origin = origin
        self.scalar = scalar
        self.lines: dict[KeyPath, int] = {}
        self.constructor = SafeConstructor()

    def read(self, node: Any, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.id == "mapping":
            return self.mapping(node, path)
        if node.id == "sequence":
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self.leaf(node, path)

    def mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise SpecError(f"{self.origin}:{key.start_mark.line + 1}: {key.value!r} is given twice.")
            seen.add(str(key.value))
        self.constructor.flatten_mapping(node)  # YAML's merge key, <<
        values = {}
        for key, value in node.value:
            name = str(key.value)
            self.lines[(*path, name)] = key.start_mark.line + 1
            values[name] = self.read(value, (*path, name))
        return values

    def leaf(self, node: Any, path: KeyPath) -> Any:
        value = self.constructor.construct_object(node)
        if isinstance(value, str):
            return self.scalar(value, f"{self.origin}:{self.lines[path]}")
        # A date or time is not what anybody means here; take it as it was written.
        return value if isinstance(value, bool | int | float | None) else str(node.value)


def _spell(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f":{mark.line + 1}:{mark.column + 1}: {problem}" if mark else f": {problem}"
