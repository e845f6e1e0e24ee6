"""Telling a supervisor what to do: a line in its pipe reaches it even where its owner may not signal it (root's)."""

import os
from contextlib import suppress

from ephemeral.clusters.local.paths import Paths


def tell(paths: Paths, line: str) -> bool:
    """Write one line (`end`, `lease`, `expose ...`) to the supervisor; False when none listens."""
    with suppress(OSError):
        descriptor = os.open(paths.control, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, f"{line}\n".encode())
            return True
        finally:
            os.close(descriptor)
    return False
