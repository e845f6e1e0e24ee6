"""Building a program from its Go modules, whose versions and checksums are shipped in ``modules/``."""

import re
import shutil
from pathlib import Path

from ephemeral.errors import ProgramError
from ephemeral.process import run
from ephemeral.tools.places import writing
from ephemeral.tools.slot import Slot
from ephemeral.tools.table import Program

_BUILD_SECONDS = 45 * 60.0
_ASK_SECONDS = 30.0


class BuildError(Exception):
    """The program can't be built; the text says why. ``install`` makes a ToolError of it."""


def find_go() -> Path | None:
    """Return the ``go`` on PATH."""
    found = shutil.which("go")
    return Path(found) if found else None


def go_version(go: Path) -> str:
    """Return the version of ``go`` itself, ``1.26.8``, whatever toolchain it would fetch for a module."""
    return _go_env(go)[0]


def build(program: Program, slot: Slot, go: Path) -> None:
    """Fill the slot with a build; BuildError if it fails, StateError when the cache can't be written."""
    _check_age(go, program)
    with writing(slot.folder), slot.scratch() as scratch:
        sources, temporary = scratch / "modules", scratch / "tmp"
        sources.mkdir()
        temporary.mkdir()
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(program.modules / name, sources / name)
        try:
            run(
                _command(program, go, scratch / program.name),
                timeout=_BUILD_SECONDS,
                cwd=sources,
                env=_environment(program) | {"GOTMPDIR": str(temporary)},
            )
        except ProgramError as error:
            raise BuildError(error.message) from error
        slot.put(scratch / program.name)


def _command(program: Program, go: Path, output: Path) -> list[str | Path]:
    linker = " ".join(["-s", "-w", *(f"-X {variable}" for variable in program.stamp)])
    tags = [f"-tags={','.join(program.tags)}"] if program.tags else []
    return [go, "build", "-trimpath", *tags, "-ldflags", linker, "-o", output, program.package]


def _environment(program: Program) -> dict[str, str]:
    """What the user set for builds of his own must not change ours."""
    return {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOARCH": program.arch,
        "GOFLAGS": "-mod=readonly",
        "GOOS": "linux",
        "GOWORK": "off",
    }


def _check_age(go: Path, program: Program) -> None:
    """Go fetches a newer toolchain where it may; where it may not, say so before anything is downloaded."""
    wanted = re.search(r"^go (\S+)$", (program.modules / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    have, toolchain = _go_env(go)
    if not wanted or _numbers(have) >= _numbers(wanted[1]):
        return
    if toolchain.startswith("local") or _numbers(have) < (1, 21):
        may_not = "GOTOOLCHAIN=local forbids a newer one" if _numbers(have) >= (1, 21) else "it can't fetch a newer one"
        raise BuildError(f"{go} is {have}, {program.title} needs {wanted[1]}, and {may_not}")


def _go_env(go: Path) -> tuple[str, str]:
    # Outside of any module, where a go.mod can't make go switch to another toolchain before it answers.
    try:
        answer = run([go, "env", "GOVERSION", "GOTOOLCHAIN"], timeout=_ASK_SECONDS, cwd=Path("/"))
    except ProgramError as error:
        raise BuildError(error.message) from error
    version, _, toolchain = answer.stdout.partition("\n")
    return version.strip().removeprefix("go"), toolchain.strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
