"""The one privileged step: starting the keeper, and removing what a dead one left, as root or by `sudo -n`."""

import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from ephemeral.clusters import record
from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real.cgroups import cgroup_of
from ephemeral.errors import ClusterError, ProgramError
from ephemeral.process import run
from ephemeral.tools.places import cache_dir

_KEEPER = Path(__file__).with_name("keeper.py")
#: Where a system's programs are, though an ordinary user's PATH may lack the half of it.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_START_SECONDS = 20.0
_REMOVE_SECONDS = 60.0


def as_root(argv: list[str]) -> list[str]:
    """The command as root may run it; raises ClusterError where nobody here may become root."""
    if os.geteuid() == 0:
        return argv
    sudo = shutil.which("sudo")
    if not sudo:
        raise ClusterError(
            "real nodes need root: this user is not root, and there is no sudo.",
            hint="Run as root, or write `nodes: simulated` under `cluster:` (pods turn Ready, nothing runs).",
        )
    return [sudo, "-n", "--", *argv]


def check_root() -> None:
    """Raise ClusterError, with the words of sudo, where this user can't become root without being asked."""
    if os.geteuid() == 0:
        return
    try:
        run(as_root(["true"]), timeout=_START_SECONDS)
    except ProgramError as error:
        raise ClusterError(
            f"real nodes need root, and this user can't become it:\n{error.message}",
            hint="Run as root or allow `sudo -n`, or write `nodes: simulated` under `cluster:` (nothing runs there).",
        ) from error


def start_keeper(plan: Path, descriptors: list[int], log: Path) -> None:
    """Start the keeper and hand it the descriptors (lock, owner's pipe, address claim).

    They go through a socket: sudo closes what it is not told about. Raises ClusterError with the words of sudo or
    the keeper when it does not come up.
    """
    rendezvous = f"ephemeral-{os.getpid()}-{os.urandom(8).hex()}"
    with socket.socket(socket.AF_UNIX) as server, log.open("wb") as output:
        server.bind(f"\0{rendezvous}")
        server.listen(1)
        argv = as_root([sys.executable, "-I", "-S", str(_KEEPER), str(plan), rendezvous])
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": SYSTEM_PATH},
            start_new_session=True,
        )
        connection = _accept(server, process, log)
        with connection:
            socket.send_fds(connection, [b"d"], descriptors)
        process.wait()  # it has forked the keeper, which is nobody's child and leaves us no zombie


def remove_remains(paths: Paths) -> None:
    """Remove cgroups and root's files of an environment whose processes are gone. Raises ClusterError, ProgramError."""
    plan = paths.home / "remains.json"
    remains = {"cgroup": cgroup_of(paths.home.name)}
    record.write_json(
        plan, {"namespaces": remains, "remove": [str(paths.volatile), str(paths.disk)], "remove-if-empty": []}
    )
    run(as_root([sys.executable, "-I", "-S", str(_KEEPER), "--remove", str(plan)]), timeout=_REMOVE_SECONDS)


def kill(pid: int) -> None:
    """SIGKILL to a process of root's that was checked to be ours."""
    run(as_root(["kill", "-KILL", str(pid)]), timeout=_START_SECONDS, check=False)


def seeds_dir() -> Path:
    """Where root keeps images for the next environment; an ordinary user's cache must hold nothing of root's."""
    return cache_dir() / "images" if os.geteuid() == 0 else Path(f"/var/cache/ephemeral-{os.getuid()}")


def _accept(server: socket.socket, process: "subprocess.Popen[bytes]", log: Path) -> socket.socket:
    """The keeper's connection; only root's is taken: the name of an abstract socket can be seen by all."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if not select.select([server], [], [], 0.05)[0]:
            continue
        connection, _ = server.accept()
        _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid == 0:
            return connection
        connection.close()
    process.kill()
    process.wait()
    words = log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
    raise ClusterError(
        f"the supervisor of real nodes can't be started as root: {words or 'no answer'}",
        hint="Run as root or allow `sudo -n`, or write `nodes: simulated` under `cluster:` (nothing runs there).",
    )
