"""An environment is alive as long as somebody holds its lock: the kernel lets go of it when the holder dies."""

import fcntl
import os

from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.state import make_private


def try_lock(paths: Paths) -> int | None:
    """Take the lock, making the home if need be; the descriptor, or None when somebody else holds it."""
    while True:
        make_private(paths.home)
        try:
            descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # the home was removed between the two calls
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_current(descriptor, paths):
            return descriptor
        os.close(descriptor)  # we locked a file that its last holder had already removed


def _is_current(descriptor: int, paths: Paths) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), paths.lock.stat())
    except FileNotFoundError:
        return False
