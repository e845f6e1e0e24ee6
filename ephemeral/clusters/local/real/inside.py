"""PID 1 of an environment with real nodes, before it becomes the supervisor: its view of machine, files and network.

Runs as ``python -I -S inside.py PLAN OWNER_FD MACHINE_PROC_FD MADE_FD`` and imports the standard library alone.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from typing import Any

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWNET = 0x00020000, 0x04000000, 0x08000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_SHARED = 1 << 12, 1 << 14, 1 << 18, 1 << 20
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_libc = ctypes.CDLL(None, use_errno=True)


def enter(space: dict[str, Any], made: int) -> None:
    """Leave the machine's namespaces, say so, and furnish the new ones."""
    _check(_libc.unshare(_CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWNET), "unshare")
    os.write(made, b"m")
    os.close(made)
    socket.sethostname(space["node"])
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    cover(space)
    for kind, target in space["mounts"]:
        os.makedirs(target, exist_ok=True)
        mount(kind, target, kind)
    mount("proc", "/proc", "proc")
    for path, value in space["sysctls"].items():
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    for path, value in space["masked"].items():
        mask(path, value, space["overlay"])
    mount("none", "/", None, _MS_REC | _MS_SHARED)  # volumes of pods may ask for mount propagation
    bring_up("lo")


def cover(space: dict[str, Any]) -> None:
    """Put a private layer over folders in which kubelet, containerd and plugins write at fixed places.

    What the environment itself needs from under there is mounted again at its own path.
    """
    kept = [(path, os.open(path, os.O_PATH)) for path in space["keep"]]
    os.makedirs(space["overlay"], exist_ok=True)
    mount("tmpfs", space["overlay"], "tmpfs")
    for folder in space["cover"]:
        upper, work = (f"{space['overlay']}{folder}/{part}" for part in ("upper", "work"))
        os.makedirs(upper)
        os.makedirs(work)
        mount("overlay", folder, "overlay", 0, f"lowerdir={folder},upperdir={upper},workdir={work}")
    for path, descriptor in kept:
        os.makedirs(path, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", path, None, _MS_BIND | _MS_REC)
        os.close(descriptor)
    for path, text in space["files"].items():
        if os.path.lexists(path):
            os.unlink(path)  # a link may point to a place that is not covered
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def mask(path: str, value: str, folder: str) -> None:
    """Kubelet writes sysctls that no namespace holds: it is given files of its own instead."""
    if not os.path.exists(path):
        return
    stand_in = os.path.join(folder, path.strip("/").replace("/", "."))
    with open(stand_in, "w", encoding="ascii") as file:
        file.write(value)
    mount(stand_in, path, None, _MS_BIND)


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError that names the target."""
    words = [word.encode() if word else None for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"{kind or 'bind'} mount: {os.strerror(number)}", target)


def bring_up(interface: str) -> None:
    """Set an interface up (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sh14x", interface.encode(), 0))
        fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        name, flags = struct.unpack_from("16sh", request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | _IFF_UP))


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def main() -> None:
    """Furnish, then become the supervisor."""
    path, owner, machine_proc, made = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    try:
        enter(plan["namespaces"], int(made))
    except OSError as error:
        with open(plan["failure"], "w", encoding="utf-8") as file:
            json.dump({"component": "supervisor", "how": f"can't make its namespaces: {error}"}, file)
        raise
    supervisor = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "supervisor.py")
    os.execv(sys.executable, [sys.executable, "-I", "-S", supervisor, path, owner, machine_proc])


if __name__ == "__main__":
    main()
