"""A suite in a folder, run by pytest in a process of its own, and what it may not leave behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ephemeral.clusters.local.paths import homes, volatile_bases
from ephemeral.clusters.state import state_root
from ephemeral.waiting import Deadline, NotYet, wait_until

COMMAND = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--ephemeral-nodes=simulated"]
SECONDS = 240


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`pytest ARGUMENTS` in the folder, as the leader of a process group."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`pytest ARGUMENTS` in the folder, to its end."""
    process = start(folder, *arguments)
    try:
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, "")


def wait_for_files(folder: Path, count: int, process: "subprocess.Popen[str]") -> list[Path]:
    """The files in a folder, once there are so many."""

    def enough() -> list[Path]:
        if process.poll() is not None:
            raise RuntimeError(f"it has ended with {process.returncode}:\n{process.communicate()[0]}")
        found = sorted(folder.glob("*"))
        if len(found) < count:
            raise NotYet(f"{len(found)} files")
        return found

    return wait_until(enough, deadline=Deadline(SECONDS), what=f"{count} files in {folder.name}", max_interval=0.1)


def wait_nothing_left(seconds: float = 30) -> None:
    """Raises WaitError naming every process and file of this test's state directory that is still there."""

    def attempt() -> None:
        if found := list(left()):
            raise NotYet("\n".join(found))

    wait_until(attempt, deadline=Deadline(seconds), what="end of everything", max_interval=0.1)


def left() -> Iterator[str]:
    """Files of environments, and every process that works on this state directory or was started with it."""
    for base in (homes(), *volatile_bases()):
        if base.is_dir():
            yield from (str(path) for path in base.iterdir())
    places = [os.fsencode(path) for path in (state_root(), *volatile_bases())]
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            words = (process / "cmdline").read_bytes()
            known = words + (process / "environ").read_bytes()
        except OSError:
            continue
        if words and any(place in known for place in places):
            yield f"{process.name}: {words.replace(bytes(1), b' ').decode(errors='replace')[:120]}"
