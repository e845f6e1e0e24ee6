"""A program's place in the cache: one process at a time fills it, and what has the final name is whole."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ephemeral.errors import ToolError
from ephemeral.tools.activity import Activity
from ephemeral.tools.places import writing
from ephemeral.tools.table import Program

_LOCK_SECONDS = 3600.0
_SCRATCH = ".new-"


class Slot:
    """The folder of one program in one version, held by this process."""

    def __init__(self, program: Program) -> None:
        self.path = program.cached
        self.folder = program.cached.parent

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside the final file; removed here, or by the next holder after kill -9."""
        folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def put(self, file: Path) -> None:
        """Give a finished file, on the same file system, the final name."""
        file.chmod(0o755)
        with file.open("rb") as content:
            # Without it a power cut can leave the new name with nothing under it.
            os.fsync(content.fileno())
        file.replace(self.path)


@contextmanager
def held(program: Program, activity: Activity) -> Iterator[Slot | None]:
    """Hold the program's slot, waiting for a process that does; None: the program is there by now.

    Raises StateError when the cache can't be written, ToolError when another process holds it for an hour.
    """
    slot = Slot(program)
    with writing(slot.folder):
        slot.folder.mkdir(parents=True, exist_ok=True)
        lock = _acquire(program, slot.folder / ".lock", activity)
    try:
        if slot.path.exists():
            yield None
        else:
            _sweep(slot.folder)
            yield slot
    finally:
        lock.release()


def _acquire(program: Program, path: Path, activity: Activity) -> FileLock:
    lock = FileLock(path)
    with suppress(Timeout):
        lock.acquire(timeout=0)
        return lock
    activity.start("waiting for another process that installs it")
    activity.note("another process is installing it; waiting for that")
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        raise ToolError(
            f"{program.title}: another process has been installing it for {_LOCK_SECONDS / 60:g} minutes",
            hint=f"end that process; it holds {path}",
        ) from None
    return lock


def _sweep(folder: Path) -> None:
    """Remove what an ended process left; a ``.part`` stays, because the download goes on with it."""
    for left in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
