"""Whether this machine can run real nodes; found out before anything is made."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ephemeral.clusters.local.paths import free_bytes
from ephemeral.clusters.local.real.root import SYSTEM_PATH, check_root
from ephemeral.errors import ClusterError, EphemeralError, StateError, ToolError

_DISK_BYTES = 512 * 1024 * 1024
_DEBIAN = {"ip": "iproute2", "nsenter": "util-linux", "kill": "procps"}


def check_machine(disk: Path) -> None:
    """Raise ClusterError, ToolError or StateError with what real nodes lack here; ``disk`` is where images go."""
    missing = [name for name in _DEBIAN if shutil.which(name, path=SYSTEM_PATH) is None]
    if missing:
        packages = " ".join(_DEBIAN[name] for name in missing)
        raise ToolError(
            f"real nodes need {', '.join(missing)}.", hint=f"On Debian and Ubuntu: apt-get install {packages}"
        )
    if not _has_overlayfs():
        raise ClusterError(
            "real nodes need overlayfs, which this kernel does not have.",
            hint="`modprobe overlay` where it is a module; else `nodes: simulated` (pods turn Ready, nothing runs).",
        )
    check_root()
    existing = next(folder for folder in (disk, *disk.parents) if folder.exists())
    free = free_bytes(existing)
    if free < _DISK_BYTES:
        raise StateError(
            f"No space left on device: {existing} has {free // 1024**2} MiB free, real nodes need "
            f"{_DISK_BYTES // 1024**2} MiB there for images and containers.",
            hint="Make room there.",
        )


def describe_machine(disk: Path) -> Iterator[tuple[bool, str]]:
    """For `doctor`: what is good or bad about this machine for real nodes, a sentence each."""
    try:
        check_machine(disk)
        yield True, "iproute2, overlayfs and room for images are there"
    except EphemeralError as error:
        yield False, error.message
    yield _root()
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    yield True, "cgroup version 2 (not tested by us yet)" if unified else "cgroup version 1"


def _root() -> tuple[bool, str]:
    try:
        check_root()
    except ClusterError as error:
        return False, error.message
    return True, "this user is root" if os.geteuid() == 0 else "`sudo -n` works"


def _has_overlayfs() -> bool:
    """In the kernel already, or a module that the first mount loads."""
    if "\toverlay\n" in Path("/proc/filesystems").read_text(encoding="ascii"):
        return True
    modules = Path("/lib/modules") / os.uname().release / "modules.dep"
    return modules.exists() and "/overlay.ko" in modules.read_text(encoding="utf-8")
