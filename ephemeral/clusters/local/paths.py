"""Where an environment keeps its files.

Directories that are 0700 and ours. The *home* (state, kubeconfig, keys, logs) says that the environment exists and is
removed last. The *volatile* directory holds etcd's data and sockets: on tmpfs when there is room, and at a short
path, because a Unix socket's path has at most 107 bytes. The *disk* directory of real nodes holds images, containers
and volumes, and is never on tmpfs.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ephemeral.clusters.state import make_private, state_key, state_root
from ephemeral.errors import SpecError, StateError

_TMPFS = Path("/dev/shm")  # noqa: S108 - the directory below it is checked to be ours alone
_FALLBACK = Path("/var/tmp")  # noqa: S108
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?")
_ROOM_BYTES = 512 * 1024 * 1024
_HOME_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of one environment. ``volatile`` is where new data goes."""

    home: Path
    volatile: Path
    disk: Path

    @property
    def lock(self) -> Path:
        """Held (flock) by whoever keeps the environment alive: its creator, then its supervisor."""
        return self.home / "lock"

    @property
    def record(self) -> Path:
        """Name, lease and creator: written before anything is started."""
        return self.home / "environment.json"

    @property
    def processes(self) -> Path:
        """What runs, by pid and start time; the supervisor writes it."""
        return self.home / "processes.json"

    @property
    def failure(self) -> Path:
        """Which component died first and how; the supervisor writes it."""
        return self.home / "failure.json"

    @property
    def plan(self) -> Path:
        """What the supervisor is to start."""
        return self.home / "plan.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, complete in itself."""
        return self.home / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One log file a component."""
        return self.home / "logs"

    @property
    def pki(self) -> Path:
        """Keys and certificates of this environment alone."""
        return self.home / "pki"

    @property
    def control(self) -> Path:
        """A named pipe: the supervisor does what is written into it, a line each."""
        return self.home / "control"

    @property
    def settings(self) -> Path:
        """Configuration files of a real node's programs."""
        return self.home / "settings"

    @property
    def cni(self) -> Path:
        """Configuration of the pod network."""
        return self.home / "cni"

    @property
    def connected(self) -> Path:
        """Exists once the namespaces of real nodes are tied to the machine."""
        return self.volatile / "connected"

    @property
    def furnished(self) -> Path:
        """Exists once the cluster's own objects are there."""
        return self.volatile / "furnished"

    @property
    def containerd_socket(self) -> Path:
        """containerd's API; root's alone."""
        return self.volatile / "containerd.sock"

    @property
    def etcd_socket(self) -> Path:
        """The only way into etcd."""
        return self.volatile / "etcd.sock"


def homes() -> Path:
    """The directory with one home per environment."""
    return state_root() / "environments"


def paths_of(name: str) -> Paths:
    """The paths of the environment ``name``: existing data is found, new data goes where there is room.

    Raises SpecError for what can't be a name, so that no `..` ever reaches the file system.
    """
    if not _NAME.fullmatch(name):
        raise SpecError(f"{name!r} is no name of an environment: up to 40 of a-z, 0-9 and -, ends not with -.")
    places = [base / name for base in volatile_bases()]
    existing = [place for place in places if place.exists()]
    return Paths(home=homes() / name, volatile=(existing or places)[0], disk=_base_below(_FALLBACK) / name)


def volatile_bases() -> list[Path]:
    """Where volatile directories of this state root may be, the preferred one first."""
    parents = [_TMPFS, _FALLBACK] if _has_room(_TMPFS) else [_FALLBACK, _TMPFS]
    return [_base_below(parent) for parent in parents]


def _base_below(parent: Path) -> Path:
    return parent / f"ephemeral-{os.getuid()}" / state_key()


def check_room() -> None:
    """Refuse to start where logs and state won't fit: a full disk later is harder to tell from a crash."""
    make_private(homes())
    free = free_bytes(homes())
    if free < _HOME_BYTES:
        raise StateError(
            f"No space left on device: {homes()} has {free // 1024} KiB free, an environment needs "
            f"{_HOME_BYTES // 1024**2} MiB there.",
            hint="Make room, or set EPHEMERAL_STATE_DIR to another directory.",
        )


def _has_room(directory: Path) -> bool:
    return free_bytes(directory) >= _ROOM_BYTES


def free_bytes(directory: Path) -> int:
    """Bytes that this user may still write there; 0 when it can't be told."""
    try:
        status = os.statvfs(directory)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize
