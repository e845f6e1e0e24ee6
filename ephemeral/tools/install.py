"""Installing programs into the cache: releases side by side, then builds one after another."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from ephemeral.errors import ToolError
from ephemeral.progress import Progress
from ephemeral.tools import gobuild, lookup
from ephemeral.tools.activity import Activity
from ephemeral.tools.download import download
from ephemeral.tools.fetch import FetchError
from ephemeral.tools.places import tools_dir
from ephemeral.tools.slot import held
from ephemeral.tools.table import Program

_MEGABYTE = 1_000_000


def install(programs: Sequence[Program], progress: Progress) -> None:
    """Put every program into the cache; a download that can't be had is made up for by a build.

    Raises ToolError with everything that was tried, ChecksumError, or StateError.
    """
    with progress.phase("install programs"):
        progress.note(", ".join(program.title for program in programs))
        unfetched = _download_all(programs, progress)
        if not unfetched:
            return
        packaged = {program: [why] for program, why in unfetched.items() if not program.package}
        if packaged:
            raise _not_to_be_had(packaged)
        go = gobuild.find_go()
        if go is None:
            raise _not_to_be_had({program: [why, "go: not on PATH"] for program, why in unfetched.items()})
        # One after another: the compiler takes every core as it is.
        for program, why in unfetched.items():
            _build(program, go, progress, why)


def _download_all(programs: Sequence[Program], progress: Progress) -> dict[Program, str]:
    """Return the programs whose release can't be had, and why; an error of any other kind ends all."""
    outcomes: SimpleQueue[tuple[list[Program], str | BaseException]] = SimpleQueue()
    stop = threading.Event()
    releases: dict[str, list[Program]] = {}
    for program in sorted(programs, key=lambda program: program.name):  # the order in which others lock them too
        releases.setdefault(program.release or program.name, []).append(program)

    def work(group: list[Program]) -> None:
        try:
            _download(group, progress, stop)
            outcomes.put((group, ""))
        except FetchError as error:
            outcomes.put((group, f"download: {error}"))
        except BaseException as error:
            outcomes.put((group, error))

    # Daemons: nobody who interrupts an install wants to wait for a slow server first.
    for group in releases.values():
        threading.Thread(target=work, args=(group,), daemon=True).start()
    failures: dict[Program, str] = {}
    try:
        for _ in releases:
            group, outcome = outcomes.get()
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome:
                failures |= dict.fromkeys(group, outcome)
    finally:
        stop.set()
    return {program: failures[program] for program in programs if program in failures}


class _StoppedError(Exception):
    """Another program's download ended the install."""


def _download(group: list[Program], progress: Progress, stop: threading.Event) -> None:
    """Programs of one release are downloaded together."""
    if not group[0].release:
        raise FetchError("its publisher releases no program of it")
    names = ", ".join(program.name for program in group)
    with Activity(progress, names) as activity, ExitStack() as stack:
        held_slots = {program: stack.enter_context(held(program, activity)) for program in group}
        slots = {program: slot for program, slot in held_slots.items() if slot}
        if not slots:
            return

        def heard(have: int, total: int | None) -> None:
            if stop.is_set():
                raise _StoppedError
            of = f" of {total / _MEGABYTE:.0f}" if total else ""
            activity.update(f"downloading {have / _MEGABYTE:.0f}{of} MB")

        activity.start("downloading")
        download(slots, heard=heard)
        activity.start("downloaded")


def _build(program: Program, go: Path, progress: Progress, why_not_downloaded: str) -> None:
    with Activity(progress, program.name) as activity, held(program, activity) as slot:
        if slot is None:
            return
        activity.note(f"{why_not_downloaded}; building it from its Go modules")
        activity.start("building from Go modules")
        try:
            gobuild.build(program, slot, go)
        except gobuild.BuildError as error:
            raise _not_to_be_had({program: [why_not_downloaded, f"go: {error}"]}) from error
        activity.start("built")


def _not_to_be_had(tried: dict[Program, list[str]]) -> ToolError:
    blocks = [
        "\n".join([f"{program.title} can't be had:", *(f"  {line}" for line in [*_looked(program), *lines])])
        for program, lines in tried.items()
    ]
    packages = " ".join(program.debian for program in tried if program.debian)
    if all(program.debian and not program.package for program in tried):
        return ToolError("\n".join(blocks), hint=f"on Debian and Ubuntu: apt-get install {packages}")
    return ToolError(
        "\n".join(blocks),
        hint="install Go, or set EPHEMERAL_MIRROR to a mirror of the download hosts, or put the programs into"
        " a folder and name it by EPHEMERAL_TOOLS_DIR; `ephemeral tools doctor` shows what there is"
        + (f" (Debian packages: {packages})" if packages else ""),
    )


def _looked(program: Program) -> list[str]:
    refused = [seen for seen in lookup.look(program) if seen.refused]
    folder = tools_dir()
    lines = [f"{seen.path}: {seen.refused}" for seen in refused]
    lines += (
        []
        if any(seen.source == "tools-dir" for seen in refused)
        else [f"EPHEMERAL_TOOLS_DIR: {f'not in {folder}' if folder else 'not set'}"]
    )
    lines += [] if any(seen.source == "path" for seen in refused) else ["PATH: not there"]
    return [*lines, f"cache: not at {program.cached}"]
