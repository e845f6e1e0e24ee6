"""What an environment could leave on a machine, and a wait for its absence."""

from pathlib import Path

from ephemeral.clusters.local.paths import paths_of, volatile_bases
from ephemeral.waiting import Deadline, NotYet, wait_until


def traces(name: str) -> list[str]:
    """Processes, files, sockets and mounts of this machine that speak of the environment ``name``."""
    homes = paths_of(name).home
    found = [str(path) for path in (homes, *(base / name for base in volatile_bases())) if path.exists()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(homes).encode() in words:
            found.append(words.replace(b"\0", b" ").decode(errors="replace")[:100])
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if f"/{name}" in line]
    return found


def wait_no_traces(name: str, seconds: float = 10) -> None:
    """Raises WaitError naming what is still there."""

    def attempt() -> None:
        if left := traces(name):
            raise NotYet("\n".join(left))

    wait_until(attempt, deadline=Deadline(seconds), what=f"end of {name}")
