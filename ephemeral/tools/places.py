"""Where programs may be: the user's folder, PATH, and the cache."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ephemeral.errors import StateError


def tools_dir() -> Path | None:
    """Return the folder of programs that the user names by EPHEMERAL_TOOLS_DIR."""
    named = os.environ.get("EPHEMERAL_TOOLS_DIR", "")
    return _absolute(named) if named else None


#: Root's programs, which an ordinary user's PATH may lack.
_SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def path_dirs() -> list[Path]:
    """Return PATH and the system's folders, each once, without relative ones: what lies in this folder nobody chose."""
    folders: dict[str, Path] = {}
    for folder in (*os.environ.get("PATH", os.defpath).split(os.pathsep), *_SYSTEM):
        if folder.startswith("/"):
            folders.setdefault(os.path.realpath(folder), Path(folder))
    return list(folders.values())


def cache_dir() -> Path:
    """Return the folder that holds what can be had again: EPHEMERAL_CACHE_DIR, else the user's cache."""
    if named := os.environ.get("EPHEMERAL_CACHE_DIR", ""):
        return _absolute(named)
    import platformdirs

    return platformdirs.user_cache_path("ephemeral")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an operating-system error of the body, which writes into ``folder``, into a StateError."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{folder} can't be written: {error.strerror or error}",
            hint="set EPHEMERAL_CACHE_DIR to a folder that can be written, with 1 GB free",
        ) from error


def _absolute(named: str) -> Path:
    return Path(named).expanduser().absolute()
