"""From ephemeral.yaml, options and environment variables to a Spec that can be trusted."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ephemeral.spec.base import take_from_base
from ephemeral.spec.check import check
from ephemeral.spec.document import Document, KeyPath
from ephemeral.spec.interpolate import interpolate
from ephemeral.spec.model import Spec
from ephemeral.spec.normal import normalize, resolve_paths
from ephemeral.spec.read import read_document
from ephemeral.spec.rules import LONGEST_NAME, SPEC_RULES

FILE_NAMES = ("ephemeral.yaml", "ephemeral.yml")
_HINT = "docs/ephemeral-yaml.md lists every key; `ephemeral schema` too."


@dataclass(frozen=True)
class Loaded:
    """A Spec, and which of its keys somebody wrote (the rest are defaults)."""

    spec: Spec
    given: frozenset[KeyPath]
    document: Document

    def place(self, path: KeyPath) -> str:
        """Where a key stands: ``file:line``, or an option or variable."""
        return self.document.place(path)


def find_spec(folder: Path) -> Path | None:
    """The ephemeral.yaml of a folder, if there is one."""
    return next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)


def load(
    path: Path | None,
    *,
    overrides: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
    allow_env: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    base: Document | None = None,
) -> Loaded:
    """Read, merge and check. ``path`` None: nothing but ``overrides`` and defaults.

    ``overrides`` are dotted paths (`cluster.nodes`, `isolation.quota[requests.cpu]`) that win over the file, and
    ``origins`` say for each which option or variable it comes from. ``allow_env`` are names that `${NAME}` in the file
    may read, besides those under `env:`; ``environ`` is where it reads them, by default this process's environment.
    ``base`` is the same file as it stands where a pull request is to be merged: it alone says what `spec.base` lists.

    Raises SpecError naming file, line and key of everything that is wrong.
    """
    document = read_document(path) if path else Document("options")
    if base is not None:
        take_from_base(document, base)
    normalize(document)
    interpolate(document, allowed=allow_env, environ=os.environ if environ is None else environ)
    for dotted_path, value in (overrides or {}).items():
        document.put(dotted_path, value, (origins or {}).get(dotted_path, "options"))
    normalize(document)
    spec = check(Spec, document, SPEC_RULES, hint=_HINT)
    folder = (path.parent if path else Path.cwd()).resolve()
    named = replace(spec, name=spec.name or slug(folder.name))
    return Loaded(resolve_paths(named, folder), frozenset(_paths(document.value, ())), document)


def slug(text: str) -> str:
    """The nearest name that an environment can have."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_NAME].rstrip("-") or "environment"


def _paths(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _paths(inner, (*path, key))
