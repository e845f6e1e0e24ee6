"""What was written and where: values that are still to be checked, with the place of each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ephemeral.errors import SpecError

KeyPath = tuple[str | int, ...]
Complaint = tuple[KeyPath, str]

_PATH = re.compile(r"(?:[^.\[\]]+|\[[^\]]+\])(?:\.[^.\[\]]+|\[[^\]]+\])*")
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]+)\]")


@dataclass(frozen=True)
class Document:
    """The values of a file, and of the options that win over it. It grows until it has been checked.

    ``places`` says where each key and item stands: ``file:line``, or the option or variable. ``written`` keeps the
    text of what held a variable: its value may be a secret, which no message must show.
    """

    origin: str
    value: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, str] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def place(self, path: KeyPath) -> str:
        """Where a key stands, or the nearest one above it that stands anywhere."""
        return self.places.get(self._nearest(path), self.origin)

    def put(self, path: str, value: Any, origin: str) -> None:
        """Set what a dotted path names, over what is there. Raises SpecError when a list has no such item."""
        if not _PATH.fullmatch(path):
            raise SpecError(f"{origin}: {path!r} is no path of keys.", hint="Write a.b, or a[b.c] for a key with dots.")
        steps = split(path)
        where: Any = self.value
        walked: KeyPath = ()
        for step in steps[:-1]:
            walked = (*walked, _step_into(where, step, origin))
            there = where[int(step)] if isinstance(where, list) else where.get(step)
            where[walked[-1]] = where = there if isinstance(there, dict | list) else {}
        walked = (*walked, _step_into(where, steps[-1], origin))
        where[walked[-1]] = value
        self._move(walked, origin)

    def refuse(self, hint: str | None = None) -> None:
        """Raise SpecError with every complaint, in the order of the file; do nothing when there is none."""
        if not self.complaints:
            return
        order = {path: number for number, path in enumerate(self.places)}
        first: dict[KeyPath, str] = {}
        for path, what in self.complaints:
            first.setdefault(path, what)
        paths = sorted(first, key=lambda path: order.get(self._nearest(path), -1))
        raise SpecError("\n".join(self._spell(path, first[path]) for path in paths), hint=hint)

    def _spell(self, path: KeyPath, what: str) -> str:
        value = _value_at(self.value, path)
        if path in self.written and isinstance(value, str):
            what = what.replace(value, self.written[path])
        return ": ".join(part for part in (self.place(path), dotted(path), what) if part)

    def _nearest(self, path: KeyPath) -> KeyPath:
        while path and path not in self.places:
            path = path[:-1]
        return path

    def _move(self, path: KeyPath, origin: str) -> None:
        """What is set by an option stands there, and so do the keys above it that nobody else wrote."""
        for below in [each for each in self.places if each[: len(path)] == path]:
            del self.places[below]
            self.written.pop(below, None)
        self.complaints[:] = [each for each in self.complaints if each[0][: len(path)] != path]
        for length in range(1, len(path) + 1):
            self.places.setdefault(path[:length], origin)


def split(path: str) -> tuple[str, ...]:
    """``isolation.quota[requests.cpu]`` -> its keys."""
    return tuple(bracketed or plain for plain, bracketed in _STEP.findall(path))


def dotted(path: Sequence[str | int]) -> str:
    """The inverse of `split`: keys that have dots, and the numbers of items, stand in brackets."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) or "." in step else f".{step}" if text else step
    return text


def _step_into(where: Mapping[str, Any] | list[Any], step: str, origin: str) -> str | int:
    if not isinstance(where, list):
        return step
    if not step.isdecimal() or int(step) >= len(where):
        raise SpecError(f"{origin}: there is no item {step}; the list has {len(where)}.")
    return int(step)


def _value_at(value: Any, path: KeyPath) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
