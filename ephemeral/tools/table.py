"""The table of programs, ``programs.toml``: one row a program, and what it says about one version."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError, ToolError
from ephemeral.tools.places import cache_dir

_HERE = Path(__file__).parent
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One version of one program for this machine; the keys are those of ``programs.toml``, filled in."""

    name: str
    version: str
    arch: str
    print: tuple[str, ...]
    pattern: str
    accept: str
    release: str
    """Where its publisher has it; empty: nowhere."""
    checksum: str
    member: str
    modules: Path
    """Folder with the go.mod and go.sum that it builds from, if it does."""
    package: str
    """Main package; empty: it can't be built from Go modules."""
    stamp: tuple[str, ...]
    tags: tuple[str, ...]
    folders: tuple[str, ...]
    debian: str

    @property
    def title(self) -> str:
        """Name and version, for people."""
        return f"{self.name} {self.version}"

    @property
    def cached(self) -> Path:
        """Where the cache keeps it; the path carries the version, so nothing there is asked for it."""
        return cache_dir() / "tools" / self.name / self.version / self.arch / self.name

    @property
    def remedy(self) -> str:
        """What to do where it is missing, for people."""
        if self.release or self.package:
            return f"run `ephemeral tools install {self.name}`"
        return f"on Debian and Ubuntu: apt-get install {self.debian}"


def names() -> tuple[str, ...]:
    """Return every program of the table."""
    return tuple(_rows())


def versions(name: str) -> tuple[str, ...]:
    """Return the versions of a program that can be had, the default first."""
    return tuple(_row(name)["versions"])


def pinned(name: str, version: str = "") -> Program:
    """Return the program in the pinned version that ``version`` (``""``, ``1.36``, ``1.36.3``) means.

    Raises ToolError for an unknown program or a machine that nothing is released for, SpecError for an
    unknown version.
    """
    row = _row(name)
    found = _resolve(row, version)
    major, _, rest = found.partition(".")
    facts = {"name": name, "version": found, "arch": _arch(), "major": major, "minor": rest.partition(".")[0]}
    facts["machine"] = os.uname().machine
    filled = {key: _fill(row.get(key, ""), facts) for key in ("release", "checksum", "member", "package")}
    folder = f"{row['group']}-{found.rpartition('.')[0]}" if len(row["versions"]) > 1 else row["group"]
    return Program(
        name=name,
        version=found,
        arch=facts["arch"],
        print=tuple(row["print"]),
        pattern=row["pattern"],
        accept=row["accept"],
        modules=_HERE / "modules" / folder,
        stamp=tuple(_fill(variable, facts) for variable in row.get("stamp", ())),
        tags=tuple(row.get("tags", ())),
        folders=tuple(row.get("folders", ())),
        debian=row.get("debian", ""),
        **filled,
    )


def matching(name: str, kubernetes: str) -> Program:
    """Return the program that goes with that version of Kubernetes; errors as in ``pinned``."""
    return pinned(name, kubernetes if _row(name)["group"] == "kubernetes" else "")


@cache
def _rows() -> dict[str, dict[str, Any]]:
    groups = tomllib.loads((_HERE / "programs.toml").read_text(encoding="utf-8"))
    return {
        name: {**group, "group": title, **group.get(name, {})}
        for title, group in groups.items()
        for name in group.get("programs", (title,))
    }


def _row(name: str) -> dict[str, Any]:
    try:
        return _rows()[name]
    except KeyError:
        raise ToolError(
            f"{name} is not a program that ephemeral runs", hint=f"there are: {', '.join(_rows())}"
        ) from None


def _resolve(row: Mapping[str, Any], asked: str) -> str:
    wanted = asked.removeprefix("v")
    for version in row["versions"]:
        if wanted in ("", version) or version.startswith(f"{wanted}."):
            return str(version)
    had = ", ".join(row["versions"])
    raise SpecError(f"{row['group']} {asked} can't be had", hint=f"one of {had} (the first is the default)")


def _arch() -> str:
    machine = os.uname().machine
    try:
        return _ARCHITECTURES[machine]
    except KeyError:
        raise ToolError(f"nothing is released for {machine}", hint=f"use {' or '.join(_ARCHITECTURES)}") from None


def _fill(template: str, facts: Mapping[str, str]) -> str:
    return template.format_map(facts)
