"""Owns every process of one environment and ends all of it when its time has come.

Runs as a process of its own (``python -I -S supervisor.py PLAN OWNER_FD [--fork]``) and imports nothing of ephemeral,
so that it starts in milliseconds and can't be broken by what it supervises. It ends the environment

* when its owner's pipe closes, which the kernel does even after ``kill -9`` of the owner,
* at ``expires-at``,
* on SIGTERM or SIGINT, or when the control pipe says so (whoever may not signal root's processes uses that).

A component that dies is written to ``failure.json`` for whoever waits; the others stay for the diagnosis. The
components get SIGKILL from the kernel should the supervisor itself be killed (PR_SET_PDEATHSIG), so what is left then
is files only, and ``gc`` removes those. With real nodes it is PID 1 of the environment's namespaces (``keeper.py``):
there the kernel ends everything with it, and the keeper removes the files.
"""

import contextlib
import ctypes
import json
import os
import re
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
_REMOVE_ATTEMPTS = 50
_REMOVE_PAUSE_SECONDS = 0.02
_PLAIN = re.compile(r"[0-9a-z.]+")
_libc = ctypes.CDLL(None)


class Supervisor:
    """One environment's processes, from the plan to the end."""

    def __init__(self, plan: dict[str, Any], owner: int) -> None:
        self.plan = plan
        self.waiting: list[dict[str, Any]] = list(plan["components"])
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.short_lived = {component["name"] for component in plan["components"] if component.get("done")}
        self.parent = os.getpid()
        self.wakeup, write_end = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self.control = _open_pipe(plan["control"])
        self.poller = select.poll()
        for descriptor in (self.wakeup, self.control, owner):
            self.poller.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Start what is due, watch, and return when the environment is to end."""
        self.write_processes()
        while not self.should_end():
            self.reap()
            self.start_due()

    def should_end(self) -> bool:
        """Wait for something to happen; True when the owner is gone, a signal came or the lease ran out."""
        timeout = _POLL_STARTING_SECONDS if self.waiting else min(_POLL_STEADY_SECONDS, self.seconds_left())
        for descriptor, _ in self.poller.poll(max(0.0, timeout) * 1000):
            if descriptor == self.wakeup:
                if set(os.read(self.wakeup, 4096)) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                    return True
            elif descriptor == self.control:
                if any(self.obey(line) for line in os.read(self.control, 65536).splitlines()):
                    return True
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

    def obey(self, line: bytes) -> bool:
        """One line of the control pipe: `end` (True), `lease`, or the name of an action of the plan and its words."""
        word, *words = line.decode(errors="replace").split() or [""]
        if word == "lease":
            self.read_lease()
        elif word in self.plan["actions"] and all(_PLAIN.fullmatch(other) for other in words):
            self.act(word, words)
        return word == "end"

    def act(self, name: str, words: list[str]) -> None:
        """Run a prepared command with the words put in."""
        argv = [part.format(*words) for part in self.plan["actions"][name]]
        with open(self.plan["log"], "ab") as log:
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, timeout=10)

    def seconds_left(self) -> float:
        """Seconds until ``expires-at``, by the wall clock: a machine that slept must not prolong the lease."""
        left: float = self.plan["expires-at"] - time.time()
        return left

    def read_lease(self) -> None:
        """The record carries a renewed lease, and the control pipe says so."""
        with open(self.plan["record"], encoding="utf-8") as file:
            lease = json.load(file)["lease"]
        self.plan["expires-at"] = datetime.fromisoformat(lease["expires-at"]).timestamp()

    def start_due(self) -> None:
        """Start every component whose conditions hold."""
        due = [component for component in self.waiting if _is_due(component)]
        for component in due:
            self.start(component)
        if due:
            self.write_processes()

    def start(self, component: dict[str, Any]) -> None:
        """Start one component, its output in its log."""
        if component in self.waiting:
            self.waiting.remove(component)
        with open(component["log"], "ab") as log:
            try:
                self.running[component["name"]] = subprocess.Popen(
                    component["argv"],
                    env=component["env"],
                    group=component.get("group"),
                    cwd=self.plan["home"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    preexec_fn=self.die_with_supervisor,
                )
            except OSError as error:
                self.fail(component["name"], f"can't be started: {error.strerror}")

    def die_with_supervisor(self) -> None:
        """In the child, before exec: have the kernel kill it when the supervisor dies."""
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.parent:  # it died before the call above
            os._exit(1)

    def reap(self) -> None:
        """Take note of every child that ended; PID 1 inherits orphans, which are nobody's failure."""
        names = {process.pid: name for name, process in self.running.items()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in names:
                self.ended(names[pid], os.waitstatus_to_exitcode(status))

    def ended(self, name: str, code: int) -> None:
        """A short-lived component may end well; any other end is a failure."""
        self.running.pop(name).returncode = code
        if name in self.short_lived and code == 0:
            done = next(component["done"] for component in self.plan["components"] if component["name"] == name)
            with open(done, "wb"):
                return
        self.fail(name, f"exited with code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}")

    def fail(self, component: str, how: str) -> None:
        """Leave word of a failure; only the first counts, later ones follow from it. Nothing more is started."""
        self.waiting.clear()
        if not os.path.exists(self.plan["failure"]):
            _write_json(self.plan["failure"], {"component": component, "how": how})

    def write_processes(self) -> None:
        """Record pids with start times, so that nobody ever signals a recycled pid."""
        outside = Outside(self.plan)
        pids = {"supervisor": outside.supervisor()}
        pids |= {name: outside.pid(process.pid) for name, process in self.running.items()}
        _write_json(
            self.plan["processes"],
            {name: {"pid": pid, "start-time": outside.start_time(pid)} for name, pid in pids.items()},
        )

    def end(self) -> None:
        """Kill everything and remove every file; as PID 1, leave both to the kernel and the keeper."""
        if "namespaces" in self.plan:
            return
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        remove(self.plan)


class Outside:
    """Pids as the machine sees them: those of a PID namespace mean nothing to anybody else.

    Reads the machine's own /proc, of which the keeper hands over a descriptor (field numbers: proc(5)).
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self.proc = plan.get("machine-proc")

    def supervisor(self) -> int:
        """The process that is to be signalled: this one, or the keeper, its parent."""
        return os.getpid() if self.proc is None else int(self.stat("self")[4 - 2])

    def pid(self, inner: int) -> int:
        """What the machine calls the child that is ``inner`` here; 0 when it is gone."""
        if self.proc is None:
            return inner
        me = os.readlink("self", dir_fd=self.proc)
        for child in self.read(f"{me}/task/{me}/children").split():
            with contextlib.suppress(OSError):
                status = self.read(f"{child}/status")
                if int(status.partition("NSpid:")[2].splitlines()[0].split()[-1]) == inner:
                    return int(child)
        return 0

    def start_time(self, pid: int) -> int:
        """Start of a process in clock ticks since boot, field 22; 0 when it is gone."""
        try:
            return int(self.stat(str(pid))[22 - 2])
        except OSError:
            return 0

    def stat(self, pid: str) -> list[str]:
        """The fields of /proc/PID/stat from the third on, before the first of which the name may hold anything."""
        return ["", *self.read(f"{pid}/stat").rpartition(")")[2].split()]

    def read(self, path: str) -> str:
        """A file of /proc as text."""
        if self.proc is None:
            path = f"/proc/{path}"
        descriptor = os.open(path, os.O_RDONLY, dir_fd=self.proc)
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read()


def remove(plan: dict[str, Any]) -> None:
    """Remove every file of the environment: its home last, because it says that the environment exists."""
    for directory in plan["remove"]:
        for _ in range(_REMOVE_ATTEMPTS):  # a process that is being killed may still write
            shutil.rmtree(directory, ignore_errors=True)
            if not os.path.exists(directory):
                break
            time.sleep(_REMOVE_PAUSE_SECONDS)
    for directory in plan["remove-if-empty"]:
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def _is_due(component: dict[str, Any]) -> bool:
    """Whether every start condition holds: files exist, somebody listens on a Unix socket or TCP port."""
    return all(_holds(kind, value) for kind, values in component["after"].items() for value in _listed(values))


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _holds(kind: str, value: Any) -> bool:
    if kind == "file":
        return os.path.exists(value)
    family, address = (socket.AF_UNIX, value) if kind == "unix" else (socket.AF_INET, ("127.0.0.1", value))
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def _open_pipe(path: str) -> int:
    """The named pipe that the owner made, opened for writing too, so that it never ends."""
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def _write_json(path: str, value: object) -> None:
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(f"{path}.new", path)


def main() -> None:
    """Supervise the plan in the file named on the command line; with ``--fork``, as nobody's child."""
    path, owner, *rest = sys.argv[1:]
    if rest == ["--fork"] and os.fork():
        os._exit(0)
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    if rest and rest != ["--fork"]:
        plan["machine-proc"] = int(rest[0])
    supervisor = Supervisor(plan, int(owner))
    try:
        supervisor.run()
    finally:
        supervisor.end()


if __name__ == "__main__":
    main()
