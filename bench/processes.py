"""Which processes belong to a contender's cluster: what they weigh, and that none is left."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path


class Cluster:
    """The processes that run one of ``programs``, or our supervisor, with ``folder`` on their command line or in
    their environment: that they all have, wherever their data lies.
    """

    def __init__(self, folder: Path, programs: Iterable[Path]) -> None:
        self._folder = os.fsencode(folder)
        self._programs = {program.resolve() for program in programs}

    def resident_bytes(self) -> int:
        """Resident memory of all of them."""
        return sum(_resident_bytes(process) for process in self._processes())

    def end(self) -> list[str]:
        """Kill what is left, by pid, and say what that was."""
        left = []
        for process in self._processes():
            with suppress(OSError):
                left.append((process / "comm").read_text().strip())
                os.kill(int(process.name), signal.SIGKILL)
        return left

    def _processes(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                ours = b"supervisor.py" in command or (process / "exe").readlink() in self._programs
                if ours and self._folder in command + (process / "environ").read_bytes():
                    yield process


def _resident_bytes(process: Path) -> int:
    with suppress(OSError):
        return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return 0
