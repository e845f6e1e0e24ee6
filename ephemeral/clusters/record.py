"""What is written down about an environment, and whether the processes named there are still those."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ephemeral.errors import StateError


def write_json(path: Path, value: object) -> None:
    """Write a 0600 JSON file by atomic rename. Raises StateError when the disk is full or read-only."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.touch(mode=0o600)
        new.write_text(json.dumps(value, indent=2), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise StateError(f"{path} can't be written: {error.strerror}") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; an absent or broken file reads as empty."""
    with suppress(OSError, ValueError):
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return value
    return {}


def boot_id() -> str:
    """Changes with every boot, so that no pid of an earlier one is believed."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_time(pid: int) -> int:
    """Start of a process in clock ticks since boot (proc(5), stat field 22); 0 when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])


def this_process() -> dict[str, int]:
    """This process as it is recorded."""
    return {"pid": os.getpid(), "start-time": start_time(os.getpid())}


def is_alive(process: dict[str, int] | None) -> bool:
    """Whether a recorded process still is the one that was recorded."""
    return process is not None and process["start-time"] > 0 and start_time(process["pid"]) == process["start-time"]


def signal_process(process: dict[str, int], number: int) -> bool:
    """Signal a recorded process unless its pid belongs to another by now; says whether a signal was sent.

    A pidfd closes the gap between the check and the signal.
    """
    try:
        descriptor = os.pidfd_open(process["pid"])
    except OSError:
        return False
    try:
        if not is_alive(process):
            return False
        import signal

        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True
