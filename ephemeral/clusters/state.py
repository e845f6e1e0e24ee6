"""The directory in which this machine keeps what it knows of environments: private, and ours."""

import hashlib
import os
import stat
from pathlib import Path

from ephemeral.errors import StateError


def state_root() -> Path:
    """`EPHEMERAL_STATE_DIR`, or the user's state directory."""
    configured = os.environ.get("EPHEMERAL_STATE_DIR")
    if configured:
        return Path(configured).absolute()
    from platformdirs import user_state_path

    return user_state_path("ephemeral")


def state_key() -> str:
    """Short and unique to this state root, for names outside of it."""
    return hashlib.sha256(str(state_root()).encode()).hexdigest()[:10]


def make_private(directory: Path) -> None:
    """Create ``directory`` and its missing parents 0700. Raises StateError when it can't be, or is not ours."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"{directory} can't be created: {error.strerror}",
            hint="Set EPHEMERAL_STATE_DIR to a directory that can be written.",
        ) from error


def check_ours(directory: Path) -> None:
    """Refuse a shared-directory entry that somebody else prepared. Raises StateError."""
    make_private(directory)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise StateError(f"{directory} is not a private directory of this user; it is not used.")
