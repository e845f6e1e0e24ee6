"""Owns every process of one environment and removes all of it when its time has come.

Runs as a process of its own (``python -I -S supervisor.py PLAN --fork``) and imports nothing of ephemeral, so that it
starts in milliseconds and can't be broken by what it supervises. It ends the environment

* when its owner's pipe closes, which the kernel does even after ``kill -9`` of the owner,
* at ``expires-at`` (SIGUSR1 has it read a renewed lease from the record),
* on SIGTERM or SIGINT.

A component that dies is written to ``failure.json`` for whoever waits; the others stay for the diagnosis. The
components get SIGKILL from the kernel should the supervisor itself be killed (PR_SET_PDEATHSIG), so what is left then
is files only, and ``gc`` removes those.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL_STARTING_SECONDS = 0.004
_POLL_STEADY_SECONDS = 30.0
_libc = ctypes.CDLL(None)


class Supervisor:
    """One environment's processes, from the plan to the end."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.waiting: list[dict[str, Any]] = list(plan["components"])
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.parent = os.getpid()
        self.wakeup, write_end = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self.poller = select.poll()
        self.poller.register(self.wakeup, select.POLLIN)
        self.poller.register(plan["owner-fd"], select.POLLIN)

    def run(self) -> None:
        """Start what is due, watch, and return when the environment is to end."""
        self.write_processes()
        while not self.should_end():
            self.start_due()
            self.report_deaths()

    def should_end(self) -> bool:
        """Wait for something to happen; True when the owner is gone, a signal came or the lease ran out."""
        timeout = _POLL_STARTING_SECONDS if self.waiting else min(_POLL_STEADY_SECONDS, self.seconds_left())
        for descriptor, _ in self.poller.poll(max(0.0, timeout) * 1000):
            if descriptor == self.wakeup:
                numbers = set(os.read(self.wakeup, 4096))
                if numbers & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                    return True
                if signal.SIGUSR1 in numbers:
                    self.read_lease()
            elif self.owner_is_gone(descriptor):
                return True
        return self.seconds_left() <= 0

    def owner_is_gone(self, descriptor: int) -> bool:
        """The owner writes one byte to let go; end of file without it means that the owner died."""
        if os.read(descriptor, 1) == b"":
            return True
        self.poller.unregister(descriptor)
        os.close(descriptor)
        return False

    def seconds_left(self) -> float:
        """Seconds until ``expires-at``, by the wall clock: a machine that slept must not prolong the lease."""
        left: float = self.plan["expires-at"] - time.time()
        return left

    def read_lease(self) -> None:
        """The record carries a renewed lease, and SIGUSR1 says so."""
        with open(self.plan["record"], encoding="utf-8") as file:
            lease = json.load(file)["lease"]
        self.plan["expires-at"] = datetime.fromisoformat(lease["expires-at"]).timestamp()

    def start_due(self) -> None:
        """Start, in the order of the plan, every component whose condition holds."""
        started = False
        while self.waiting and all(_holds(kind, value) for kind, value in self.waiting[0]["after"].items()):
            component = self.waiting.pop(0)
            with open(component["log"], "ab") as log:
                try:
                    self.running[component["name"]] = subprocess.Popen(
                        component["argv"],
                        env=component["env"],
                        cwd=self.plan["home"],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        preexec_fn=self.die_with_supervisor,
                    )
                except OSError as error:
                    self.fail(component["name"], f"can't be started: {error.strerror}")
            started = True
        if started:
            self.write_processes()

    def die_with_supervisor(self) -> None:
        """In the child, before exec: have the kernel kill it when the supervisor dies."""
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.parent:  # it died before the call above
            os._exit(1)

    def report_deaths(self) -> None:
        """Write down the first component that ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                code = process.returncode
                how = f"exited with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
                self.fail(name, how)

    def fail(self, component: str, how: str) -> None:
        """Leave word of a failure; only the first counts, later ones follow from it. Nothing more is started."""
        self.waiting.clear()
        if not os.path.exists(self.plan["failure"]):
            _write_json(self.plan["failure"], {"component": component, "how": how})

    def write_processes(self) -> None:
        """Record pids with start times, so that nobody ever signals a recycled pid."""
        pids = {"supervisor": self.parent} | {name: process.pid for name, process in self.running.items()}
        _write_json(
            self.plan["processes"],
            {name: {"pid": pid, "start-time": _start_time(pid)} for name, pid in pids.items()},
        )

    def end(self) -> None:
        """Kill everything, then remove every file: the home last, because it says that the environment exists."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        for directory in self.plan["remove"]:
            shutil.rmtree(directory, ignore_errors=True)
        for directory in self.plan["remove-if-empty"]:
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def _holds(kind: str, value: Any) -> bool:
    """Whether a start condition holds: a file exists, or somebody listens on a Unix socket or TCP port."""
    if kind == "file":
        return os.path.exists(value)
    family, address = (socket.AF_UNIX, value) if kind == "unix" else (socket.AF_INET, ("127.0.0.1", value))
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def _start_time(pid: int) -> int:
    """Start of a process in clock ticks since boot: /proc/PID/stat, field 22 (proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        return 0


def _write_json(path: str, value: object) -> None:
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(f"{path}.new", path)


def main() -> None:
    """Supervise the plan in the file named on the command line; with ``--fork``, as nobody's child."""
    if sys.argv[2:] == ["--fork"] and os.fork():
        os._exit(0)
    with open(sys.argv[1], encoding="utf-8") as file:
        supervisor = Supervisor(json.load(file))
    try:
        supervisor.run()
    finally:
        supervisor.end()


if __name__ == "__main__":
    main()
