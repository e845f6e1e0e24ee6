"""What this machine keeps of an environment on a host: where it is, its kubeconfig, and the keeper that leads there.

All of it can be made anew from the host; other machines have a desk of their own.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ephemeral.clusters import record
from ephemeral.clusters.state import make_private, state_root
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.waiting import Deadline, NotYet, wait_until

#: Forks at once: the keeper is nobody's child, and leaves no zombie to a process that goes on for long.
_START_KEEPER = (
    "import os, runpy, sys\n"
    "if os.fork():\n"
    "    os._exit(0)\n"
    "runpy.run_module('ephemeral.clusters.vcluster.keeper', run_name='__main__', alter_sys=True)"
)
_START_SECONDS = 20.0
_LOG_LINES = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """The files of one environment of a host on this machine."""

    folder: Path

    @property
    def pointer(self) -> Path:
        """Which host, and which environment of that name there (uid)."""
        return self.folder / "host.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig of the environment, 0600."""
        return self.folder / "kubeconfig"

    @property
    def keeper(self) -> Path:
        """The keeper's pid, start time and port; written by it once it listens."""
        return self.folder / "keeper.json"

    @property
    def log(self) -> Path:
        """What the keeper says."""
        return self.folder / "keeper.log"

    @property
    def control(self) -> Path:
        """The keeper's socket."""
        return self.folder / "control"

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.folder.name

    def host(self) -> HostCluster | None:
        """Where it is; None when this machine does not know."""
        pointer = record.read_json(self.pointer)
        return HostCluster.from_dict(pointer) if "kubeconfig" in pointer else None

    def point(self, host: HostCluster) -> None:
        """Remember where it is. Raises StateError."""
        make_private(self.folder)
        record.write_json(self.pointer, host.to_dict())

    def start_keeper(self, *, owned: bool) -> int | None:
        """Start the process that leads to the environment; with ``owned`` closing the returned descriptor ends it all.

        A keeper that runs already goes on.
        """
        if self.keeper_process() is not None:
            return None
        self.keeper.unlink(missing_ok=True)
        reader, writer = os.pipe() if owned else (None, None)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            subprocess.Popen(
                [sys.executable, "-c", _START_KEEPER, str(self.folder), *(["--owned"] if owned else [])],
                stdin=reader if reader is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            ).wait()
        finally:
            os.close(log)
            if reader is not None:
                os.close(reader)
        return writer

    def keeper_process(self) -> dict[str, Any] | None:
        """The recorded keeper, if it still is the one that was recorded."""
        found = record.read_json(self.keeper)
        here = found.get("boot-id") == record.boot_id()
        return found if here and record.is_alive(found) else None

    def port(self) -> int:
        """The local port that leads to the environment's API. Raises WaitError, ClusterError."""

        def attempt() -> int:
            found = self.keeper_process()
            if found is None:
                raise NotYet(self._last_words() or "it has not started yet")
            return int(found["port"])

        return wait_until(attempt, deadline=Deadline(_START_SECONDS), what="port-forward", interval=0.02)

    def end_keeper(self) -> None:
        """End the keeper, if there is one; it is ours alone, and removes nothing when it is told to end."""
        if found := self.keeper_process():
            record.signal_process(found, signal.SIGTERM)

    def remove(self) -> None:
        """Forget all of it."""
        self.end_keeper()
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()

    def _last_words(self) -> str:
        with suppress(OSError):
            return " ".join(self.log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:])
        return ""


def desks() -> Path:
    """The directory with one desk per environment."""
    return state_root() / "hosted"


def desk_of(name: str) -> Desk:
    """The desk of an environment; ``name`` must have been checked."""
    return Desk(desks() / name)
