"""The programs that ephemeral runs (etcd, kube-apiserver, helm, ...): found, downloaded or built.

Which programs and versions there are stands in ``programs.toml``. A program is taken from
EPHEMERAL_TOOLS_DIR, else from PATH, else from the cache; only then is its release downloaded, and where that
fails it is built from its Go modules.
"""

from collections.abc import Sequence
from pathlib import Path

from ephemeral.progress import Progress, Silent
from ephemeral.tools import lookup, table

__all__ = ["find", "kubernetes_versions", "require", "resolve_kubernetes"]

_SILENT = Silent()


def find(name: str, *, version: str | None = None) -> Path | None:
    """Return where the program is on this machine; None when it would have to be installed.

    ``version`` is a pinned one or the start of it (``1.36``); None: the default. It neither downloads
    nor builds.

    Raises ToolError for a program, SpecError for a version that the table does not have.
    """
    seen = lookup.find(table.pinned(name, version or ""))
    return seen.path if seen else None


def require(names: Sequence[str], *, kubernetes: str = "", progress: Progress = _SILENT) -> dict[str, Path]:
    """Return where each of the programs is, after installing those that are missing into the cache.

    ``kubernetes`` chooses the version of Kubernetes's own programs, as in ``resolve_kubernetes``.

    Raises SpecError for an unknown version, ToolError when a program can't be had (ChecksumError when its
    download is not what was released), StateError when the cache can't be written.
    """
    version = resolve_kubernetes(kubernetes)
    programs = [table.matching(name, version) for name in names]
    found = {program: lookup.find(program) for program in programs}
    missing = [program for program, seen in found.items() if seen is None]
    if missing:
        from ephemeral.tools.install import install

        install(missing, progress)
    return {program.name: seen.path if seen else program.cached for program, seen in found.items()}


def kubernetes_versions() -> tuple[str, ...]:
    """Return the Kubernetes versions that can be had, the default first."""
    return table.versions("kube-apiserver")


def resolve_kubernetes(version: str) -> str:
    """Return the pinned version that ``""`` (the default), ``1.36`` or ``1.36.3`` means; else SpecError."""
    return table.pinned("kube-apiserver", version).version
