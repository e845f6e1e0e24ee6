"""Manifests from files, folders and stdin."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ephemeral.apps.documents import parse
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest

_SUFFIXES = {".json", ".yaml", ".yml"}
_KUSTOMIZATIONS = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def read_manifests(paths: tuple[str, ...], *, base: Path) -> list[Manifest]:
    """Read files, folders with all below them (hidden ones left out), and ``-`` for stdin, relative to ``base``.

    Raises SpecError for what does not exist or holds no object, and for a folder that kustomize should read.
    """
    return [manifest for path in paths for manifest in (_read_stdin() if path == "-" else _read(base / path, path))]


def _read_stdin() -> list[Manifest]:
    found = parse(sys.stdin.read(), "stdin")
    if not found:
        raise SpecError("stdin holds no Kubernetes object")
    return found


def _read(path: Path, shown: str) -> list[Manifest]:
    if path.is_file():
        found = parse(_text(path, shown), shown)
        if not found:
            raise SpecError(f"{shown} holds no Kubernetes object", hint="is the file empty?")
        return found
    if not path.is_dir():
        raise SpecError(f"{shown} does not exist", hint="paths under `app:` start from the folder of ephemeral.yaml")
    found = [item for file in _files(path) for item in parse(_text(file, shown), _shown(file, path, shown))]
    if not found:
        raise SpecError(f"{shown} holds no Kubernetes object", hint="looked for *.yaml, *.yml and *.json")
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.name in _KUSTOMIZATIONS:
            raise SpecError(
                f"{path} belongs to kustomize", hint=f"use `kustomize: {path.parent}` instead of `manifests:`"
            )
        if path.suffix in _SUFFIXES and path.is_file():
            yield path


def _shown(file: Path, folder: Path, shown: str) -> str:
    return str(Path(shown) / file.relative_to(folder))


def _text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{shown} can't be read: {error}") from error
