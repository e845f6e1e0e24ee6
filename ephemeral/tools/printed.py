"""Asking a program for its version, and remembering the answer: each question starts a process."""

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

from ephemeral.errors import ProgramError, ToolError
from ephemeral.tools.places import cache_dir
from ephemeral.tools.table import Program

_ASK_SECONDS = 15.0


def printed_version(path: Path, program: Program) -> str:
    """Return the version that the file at ``path`` prints as ``program`` would; empty when it prints none."""
    status = path.stat()
    identity = [status.st_mtime_ns, status.st_size, status.st_ino]
    remembered = _recall().get(str(path))
    if isinstance(remembered, list) and remembered[:-1] == identity:
        return str(remembered[-1])
    try:
        version = _ask(path, program)
    except (ToolError, ProgramError):
        return ""
    _remember(str(path), [*identity, version])
    return version


def _ask(path: Path, program: Program) -> str:
    from ephemeral.process import run

    finished = run([path, *program.print], timeout=_ASK_SECONDS, check=False)
    match = re.search(program.pattern, finished.stdout + finished.stderr)
    return match[1] if match else ""


def _memory() -> Path:
    return cache_dir() / "tools" / "versions.json"


def _recall() -> dict[str, Any]:
    try:
        known = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(path: str, answer: list[Any]) -> None:
    """A memory that can't be written only makes the next run slower; of two writers one's answer is lost."""
    fresh = _memory().with_name(f".versions.{os.getpid()}")
    with contextlib.suppress(OSError):
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({**_recall(), path: answer}), encoding="utf-8")
        fresh.replace(_memory())
