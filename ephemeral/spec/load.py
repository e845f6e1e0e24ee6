"""From ephemeral.yaml, options and environment variables to a Spec that can be trusted."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.check import check
from ephemeral.spec.document import Document, KeyPath, read_document
from ephemeral.spec.interpolate import interpolator
from ephemeral.spec.model import Spec
from ephemeral.spec.normal import normalize, resolve_paths

_FILE_NAMES = ("ephemeral.yaml", "ephemeral.yml")
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]+)\]")


@dataclass(frozen=True)
class Loaded:
    """A Spec, the dotted paths that somebody wrote (the rest are defaults), and where that was."""

    spec: Spec
    given: frozenset[str]
    document: Document

    def place(self, path: str) -> str:
        """``file:line`` of a dotted path."""
        return self.document.place(split_path(path))


def find_spec(folder: Path) -> Path | None:
    """The ephemeral.yaml of a folder, if there is one."""
    return next((folder / name for name in _FILE_NAMES if (folder / name).is_file()), None)


def load(
    path: Path | None,
    *,
    overrides: Mapping[str, Any] | None = None,
    allow_env: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read, merge and check. ``path`` None: nothing but ``overrides`` and defaults.

    ``overrides`` are dotted paths (`cluster.nodes`, `isolation.quota[requests.cpu]`) that win over the file;
    ``allow_env`` are names that `${NAME}` may read besides those under `env:`.

    Raises SpecError naming file, line and key of everything that is wrong.
    """
    document = _read(path, allow_env, os.environ if environ is None else environ) if path else Document("options")
    value = document.value
    for name, override in (overrides or {}).items():
        _put(value, split_path(name), override)
    normalize(value)
    given = frozenset(_paths(value))
    spec = check(value, document)
    folder = path.parent.absolute() if path else Path.cwd()
    return Loaded(_named(resolve_paths(spec, folder), folder), given, document)


def split_path(path: str) -> KeyPath:
    """``isolation.quota[requests.cpu]`` -> its keys; a number in brackets counts items."""
    return tuple(
        int(bracketed) if bracketed.isdecimal() else bracketed or plain for plain, bracketed in _STEP.findall(path)
    )


def _read(path: Path, allow_env: Sequence[str], environ: Mapping[str, str]) -> Document:
    listed = read_document(path, scalar=lambda text, _: text).value.get("env") or []
    names = {listed} if isinstance(listed, str) else {str(name) for name in listed}
    return read_document(path, scalar=interpolator(names | set(allow_env), environ))


def _put(value: dict[str, Any], path: KeyPath, override: Any) -> None:
    where: Any = value
    for step, following in pairwise(path):
        try:
            where = where[int(step)] if isinstance(where, list) else where.setdefault(str(step), {})
        except (IndexError, ValueError) as error:
            raise SpecError(f"there is no item {step} to set in {'.'.join(map(str, path))}.") from error
        if not isinstance(where, dict | list):
            raise SpecError(f"{step} has no {following}: it is {where!r}.")
    if isinstance(where, list) and not (isinstance(path[-1], int) and path[-1] < len(where)):
        raise SpecError(f"there is no item {path[-1]} to set in {'.'.join(map(str, path))}.")
    where[path[-1]] = override


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Dotted paths of everything below ``value``; keys with dots in brackets."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        path = f"{prefix}[{key}]" if "." in key else f"{prefix}.{key}" if prefix else key
        yield path
        yield from _paths(inner, path)


def _named(spec: Spec, folder: Path) -> Spec:
    if spec.name:
        return spec
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:40].rstrip("-")
    return replace(spec, name=slug or "environment")
