"""`${NAME}` and `${NAME:-default}`, for listed names only: a pull request must not read CI's secrets."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ephemeral.spec.document import Document, KeyPath

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"(\$?)\$\{([^}]*)(\}?)")
_INSIDE = re.compile(rf"({NAME.pattern})(?::-(.*))?", re.DOTALL)


def interpolate(document: Document, *, allowed: Collection[str], environ: Mapping[str, str]) -> None:
    """Replace references in every text of a document; `$${` stands for `${`. Complains about wrong ones.

    The values are parsed already, so that no variable can become a key, a list or anything but text.
    """
    listed = document.value.get("env")
    names = {str(name) for name in listed} if isinstance(listed, list) else set()
    walk = _Walk(document, names | set(allowed), environ)
    for key, value in document.value.items():
        document.value[key] = walk.replace(value, (key,))


class _Walk:
    def __init__(self, document: Document, allowed: Collection[str], environ: Mapping[str, str]) -> None:
        self.document = document
        self.allowed = allowed
        self.environ = environ

    def replace(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.replace(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.replace(inner, (*path, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        self.document.written[path] = value
        return _REFERENCE.sub(lambda match: self.resolve(match, path), value)

    def resolve(self, match: re.Match[str], path: KeyPath) -> str:
        escape, inside, closed = match.groups()
        if escape:
            return match[0][1:]
        reference = _INSIDE.fullmatch(inside)
        if not (closed and reference) or "${" in inside:
            return self.complain(match, path, "is not ${NAME} or ${NAME:-default}; to keep it as text, write $${.")
        name, default = reference.groups()
        if name not in self.allowed:
            how = f"list {name} under `env:` or pass --env {name}. Other variables stay unseen: they may be secrets."
            return self.complain(match, path, f"may not be read; {how}")
        if default is None and name not in self.environ:
            return self.complain(match, path, f"is not set; set it, or write ${{{name}:-default}}.")
        return self.environ.get(name) or default or ""

    def complain(self, match: re.Match[str], path: KeyPath, what: str) -> str:
        self.document.complaints.append((path, f"{match[0]} {what}"))
        return match[0]
