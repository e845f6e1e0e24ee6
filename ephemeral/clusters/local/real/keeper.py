"""Makes the namespaces of one environment with real nodes, connects them, and removes what they leave.

Runs as root, outside (``python -I -S keeper.py PLAN RENDEZVOUS``), and imports the standard library alone. Its child
(``inside.py``, then ``supervisor.py``) is PID 1 of a PID namespace and holds a mount and a network namespace that
have no name: when it ends by whatever cause the kernel ends every process in there and drops their mounts and links.
It gets SIGKILL should the keeper be killed. What then remains is cgroup directories and files, and ``gc`` removes
those by ``keeper.py --remove PLAN``.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ephemeral.clusters.local import supervisor
    from ephemeral.clusters.local.real import seeds
else:  # no package where this runs (-I leaves even this folder out); these are standard library alone as well
    _HERE = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [_HERE, os.path.dirname(_HERE)]
    import seeds
    import supervisor

_PR_SET_PDEATHSIG = 1
_CLONE_NEWPID = 0x20000000
_COMMAND_SECONDS = 10
_CGROUP_SECONDS = 5.0
_libc = ctypes.CDLL(None, use_errno=True)
_ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Keeper:
    """One environment's namespaces, seen from the machine."""

    def __init__(self, plan: dict[str, Any], path: str) -> None:
        self.plan = plan
        self.path = path
        self.space: dict[str, Any] = plan["namespaces"]
        self.init = 0
        self.outbound: subprocess.Popen[bytes] | None = None

    def run(self, owner: int) -> None:
        """Make everything, then wait until PID 1 has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGCHLD})
        make_cgroups(self.space["cgroup"])
        made = self.start_init(owner)
        self.attempt("network", lambda: self.connect(made))
        self.attempt("images", self.provide_images)
        while not self.init_has_ended():
            if signal.sigwait({*_ENDING, signal.SIGCHLD}) in _ENDING:
                os.kill(self.init, signal.SIGTERM)
        if self.outbound:
            self.outbound.kill()
            self.outbound.wait()

    def start_init(self, owner: int) -> int:
        """Fork PID 1 of a new PID namespace; the descriptor returned is readable once its namespaces are there."""
        readable, writable = os.pipe()
        machine_proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        mine = os.open("/proc/self/ns/pid", os.O_RDONLY)
        keeper = os.getpid()
        _check(_libc.unshare(_CLONE_NEWPID), "unshare")
        self.init = os.fork()
        if self.init == 0:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if _parent_of_self() != keeper:  # it died before the call above
                os._exit(1)
            for descriptor in (owner, writable, machine_proc):
                os.set_inheritable(descriptor, True)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            inside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
            descriptors = [str(number) for number in (owner, machine_proc, writable)]
            os.execv(sys.executable, [sys.executable, "-I", "-S", inside, self.path, *descriptors])
        _check(_libc.setns(mine, _CLONE_NEWPID), "setns")  # other children of ours stay in the machine's
        os.close(writable)
        os.close(owner)
        return readable

    def attempt(self, what: str, step: Callable[[], None]) -> None:
        """Take a step; its failure is left for whoever waits, and the environment for a look."""
        try:
            step()
        except (OSError, subprocess.SubprocessError) as error:
            self.fail(what, error)

    def provide_images(self) -> None:
        """Give containerd its root directory, with the images in it."""
        images = self.space["images"]
        seeds.provide(images, images["target"], images["scratch"], _die_with_parent)
        with open(images["provided"], "wb"):
            pass

    def connect(self, made: int) -> None:
        """Tie its network namespace to the machine: a veth pair inwards, a user-space network stack outwards."""
        if not os.read(made, 1):
            return  # PID 1 has said why
        network = f"/proc/{self.init}/ns/net"
        for command in self.space["commands"]:
            self.call([part.format(network=network) for part in command])
        if self.space["outbound"]:
            readable, writable = os.pipe()
            arguments = [part.format(network=network, ready=writable) for part in self.space["outbound"]]
            with open(self.space["outbound-log"], "ab") as log:
                self.outbound = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[writable],
                    preexec_fn=_die_with_parent,
                )
            os.close(writable)
            if not os.read(readable, 1):
                raise OSError(0, f"{self.space['outbound'][0]} ended at its start")
            os.close(readable)
        with open(self.space["connected"], "wb"):
            pass

    def call(self, command: list[str]) -> None:
        """Run a command of the plan to its end."""
        subprocess.run(
            command,
            check=True,
            timeout=_COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_unblock,
        )

    def fail(self, component: str, error: Exception) -> None:
        """Leave word of a failure, as the supervisor does."""
        with open(os.path.join(self.space["logs"], f"{component}.log"), "a", encoding="utf-8") as log:
            log.write(f"{error}\n{getattr(error, 'stderr', '') or ''}\n")
        if not os.path.exists(self.plan["failure"]):
            with open(self.plan["failure"], "w", encoding="utf-8") as file:
                json.dump({"component": component, "how": "can't be set up"}, file)

    def init_has_ended(self) -> bool:
        """Reap; when PID 1 is gone the kernel has ended all the rest before it says so."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.init:
                return True
            self.fail("outbound", OSError(0, f"{self.space['outbound'][0]} has ended"))


def make_cgroups(name: str) -> None:
    """A cgroup root of its own in every hierarchy: two kubelets that share one end each other's pods."""
    for hierarchy in cgroup_hierarchies():
        directory = os.path.join(hierarchy, name)
        os.makedirs(directory, exist_ok=True)
        for setting in ("cpuset.mems", "cpuset.cpus"):  # version 1 starts them empty, and empty ones take no process
            inherited = os.path.join(hierarchy, setting)
            if os.path.exists(inherited) and not os.path.exists(os.path.join(hierarchy, "cgroup.controllers")):
                with open(inherited, encoding="ascii") as source, open(f"{directory}/{setting}", "w") as target:
                    target.write(source.read())


def remove_cgroups(name: str) -> None:
    """Remove its cgroups, the innermost first; a moment after its last process ended they may still be busy."""
    end = time.monotonic() + _CGROUP_SECONDS
    for hierarchy in cgroup_hierarchies():
        root = os.path.join(hierarchy, name)
        while os.path.isdir(root) and time.monotonic() < end:
            for directory, _, _ in os.walk(root, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
            if os.path.isdir(root):
                time.sleep(0.01)


def cgroup_hierarchies() -> list[str]:
    """Mount points of the cgroup hierarchies that have controllers of kubelet's (proc_pid_mounts(5))."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line.split() for line in file]
    found = {target: os.path.realpath(target) for _, target, kind, *_ in mounts if kind in ("cgroup", "cgroup2")}
    return sorted(set(found.values()))


def remove(plan: dict[str, Any]) -> None:
    """Remove what outlives the namespaces: cgroups, then files."""
    remove_cgroups(plan["namespaces"]["cgroup"])
    supervisor.remove(plan)


def receive(rendezvous: str) -> list[int]:
    """The lock, the owner's pipe and the address claim: sudo hands over no descriptor, so they come by a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{rendezvous}")
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 3, socket.MSG_CMSG_CLOEXEC)
    return descriptors


def _become_daemon(log: str) -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    with open("/dev/null", "rb") as nothing, open(log, "ab") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _unblock()


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def _parent_of_self() -> int:
    with open("/proc/self/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def main() -> None:
    """Keep the plan in the file named on the command line, or (``--remove PLAN``) remove its remains."""
    if sys.argv[1] == "--remove":
        with open(sys.argv[2], encoding="utf-8") as file:
            remove(json.load(file))
        return
    path, rendezvous = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    lock, owner, claim = receive(rendezvous)
    _become_daemon(plan["log"])
    try:
        Keeper(plan, path).run(owner)
    finally:
        remove(plan)
        os.close(lock)
        os.close(claim)


if __name__ == "__main__":
    main()
