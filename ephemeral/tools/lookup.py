"""Looking for a program on this machine: EPHEMERAL_TOOLS_DIR, then PATH, then the cache."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ephemeral.tools.accept import accepts, spell
from ephemeral.tools.places import path_dirs, tools_dir
from ephemeral.tools.printed import printed_version
from ephemeral.tools.table import Program

Source = Literal["tools-dir", "path", "cache"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A file that could be the program; ``refused`` says why it is not taken and is empty when it is."""

    path: Path
    source: Source
    version: str
    refused: str


def look(program: Program) -> Iterator[Seen]:
    """Yield every file of the program's name, in the order in which the first good one is taken."""
    folder = tools_dir()
    if folder and _is_program(folder / program.name):
        yield _examine(folder / program.name, "tools-dir", program)
    for folder in (*path_dirs(), *map(Path, program.folders)):
        if _is_program(folder / program.name):
            yield _examine(folder / program.name, "path", program)
    if _is_program(program.cached):
        yield Seen(path=program.cached, source="cache", version=program.version, refused="")


def find(program: Program) -> Seen | None:
    """Return the first file that is the program in a version that does."""
    return next((seen for seen in look(program) if not seen.refused), None)


def _examine(path: Path, source: Source, program: Program) -> Seen:
    version = printed_version(path, program)
    refused = ""
    if not version:
        refused = f"`{' '.join([path.name, *program.print])}` prints no version"
    elif not accepts(program.accept, found=version, wanted=program.version):
        refused = f"is {version}, wanted is {spell(program.accept, program.version)}"
    return Seen(path=path, source=source, version=version, refused=refused)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
