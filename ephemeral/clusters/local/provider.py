"""The local provider: create, find and remove control planes on this machine."""

import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ephemeral.clusters import record
from ephemeral.clusters.local.cluster import LocalCluster
from ephemeral.clusters.local.control import tell
from ephemeral.clusters.local.lock import try_lock
from ephemeral.clusters.local.paths import Paths, check_room, homes, paths_of, volatile_bases
from ephemeral.clusters.local.real.cgroups import names_with_cgroups
from ephemeral.errors import ClusterError, NameTakenError, NoEnvironmentError, StateError, WaitError
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from ephemeral.leases import Lease
    from ephemeral.progress import Progress
    from ephemeral.spec.model import Spec
    from ephemeral.spec.presets import Policy

_ORDERLY_END_SECONDS = 5.0
_FORCED_END_SECONDS = 5.0


class LocalProvider:
    """Control planes as processes of this machine (implements Provider)."""

    def admit(self, spec: "Spec") -> "Spec":
        """As it is: this machine's admin has `--policy`."""
        return spec

    def create(self, spec: "Spec", policy: "Policy", lease: "Lease", progress: "Progress") -> LocalCluster:
        """Start the control plane of ``spec``; it dies with this process until detached."""
        from ephemeral.clusters.local.launch import launch
        from ephemeral.tools import require, resolve_kubernetes

        kubernetes = resolve_kubernetes(spec.cluster.kubernetes)
        programs = require(programs_for(spec), kubernetes=kubernetes, progress=progress)
        programs |= _volumes(progress) if spec.cluster.nodes == "real" else {}
        check_room()
        paths = paths_of(spec.name)
        if spec.cluster.nodes == "real":
            from ephemeral.clusters.local.real.machine import check_machine

            check_machine(paths.disk)
        lock = try_lock(paths)
        if lock is None:
            raise NameTakenError(
                f"environment {spec.name} exists here, or is being made or removed right now.",
                hint=f"`ephemeral status {spec.name}` shows it, `ephemeral down {spec.name}` removes it.",
            )
        try:
            _remove_leftovers(paths)
            owner = launch(paths, lock, spec, policy, lease, kubernetes, programs)
        except BaseException as error:
            os.close(lock)
            self.delete(spec.name)
            if isinstance(error, OSError):
                raise StateError(
                    f"environment {spec.name} can't be started: {error.strerror}: {error.filename or paths.home}",
                    hint="EPHEMERAL_STATE_DIR names another directory for the state.",
                ) from error
            raise
        os.close(lock)  # the supervisor has it now
        return LocalCluster(paths, made_for=spec, owner=owner)

    def get(self, name: str) -> LocalCluster:
        """Find a cluster by name. Raises NoEnvironmentError."""
        paths = paths_of(name)
        if not paths.record.exists():
            raise NoEnvironmentError(f"there is no environment {name}.", hint="`ephemeral list` shows what there is.")
        return LocalCluster(paths)

    def has(self, name: str) -> bool:
        """Whether anything here goes by that name."""
        paths = paths_of(name)
        return any(path.exists() for path in (paths.home, paths.volatile, paths.disk)) or _has_cgroup(name)

    def list(self) -> Sequence[LocalCluster]:
        """Every environment with a record, by name."""
        found = []
        for home in sorted(homes().glob("*/environment.json")):
            with suppress(ClusterError):  # removed meanwhile
                found.append(LocalCluster(paths_of(home.parent.name)))
        return found

    def leftovers(self) -> Sequence[str]:
        """Names of which something is left though nobody keeps them alive: after ``kill -9`` or a reboot."""
        names = {path.name for base in (homes(), *volatile_bases()) if base.is_dir() for path in base.iterdir()}
        names |= set(names_with_cgroups())
        return sorted(name for name in names if not _is_kept_alive(paths_of(name)))

    def delete(self, name: str, *, force: bool = False) -> bool:
        """End the processes and remove the files of ``name``; False when there was nothing. No finalizer holds it."""
        paths = paths_of(name)
        if not self.has(name):
            return False
        supervisor = _end_supervisor(paths)
        try:
            lock = _await_lock(paths, supervisor, _ORDERLY_END_SECONDS)
        except WaitError:
            supervisor = _end_supervisor(paths, by_force=True)
            lock = _await_lock(paths, supervisor, _FORCED_END_SECONDS)
        _remove_leftovers(paths)
        shutil.rmtree(paths.home, ignore_errors=True)
        os.close(lock)
        _forget_empty_bases()
        return True


def _volumes(progress: "Progress") -> "dict[str, Path]":
    """The provisioner of volumes: its publisher releases no program, and not every machine can build it."""
    from ephemeral.clusters.local.real.storage import PROGRAM
    from ephemeral.errors import ToolError
    from ephemeral.tools import require

    try:
        return require([PROGRAM], progress=progress)
    except ToolError as error:
        progress.note(f"warning: there is no StorageClass here: {error.message}")
        return {}


def programs_for(spec: "Spec") -> "list[str]":
    """The programs that an environment consists of."""
    from ephemeral.clusters.local.components import CONTROL_PLANE, SIMULATED_NODES

    if spec.cluster.nodes == "simulated":
        return [*CONTROL_PLANE, *SIMULATED_NODES]
    from ephemeral.clusters.local.real import cilium
    from ephemeral.clusters.local.real.components import OUTBOUND_PROGRAM, PROGRAMS

    network = cilium.PROGRAMS if spec.cluster.network == "cilium" else ()
    return [*CONTROL_PLANE, *PROGRAMS, *network, *([OUTBOUND_PROGRAM] if spec.cluster.outbound else [])]


def _is_kept_alive(paths: Paths) -> bool:
    """A dead environment's lock is free; its home may be gone altogether."""
    if not paths.home.exists():
        return False
    try:
        return LocalCluster(paths).alive
    except ClusterError:
        lock = try_lock(paths)
        if lock is None:
            return True
        os.close(lock)
        return False


def _end_supervisor(paths: Paths, *, by_force: bool = False) -> dict[str, int] | None:
    """Tell the supervisor that is recorded, if any, to end, and return it."""
    supervisor = None
    with suppress(ClusterError):
        supervisor = LocalCluster(paths).processes().get("supervisor")
    if not by_force:
        tell(paths, "end")
    elif supervisor:
        try:
            record.signal_process(supervisor, signal.SIGKILL)
        except PermissionError:
            from ephemeral.clusters.local.real.root import kill

            kill(supervisor["pid"])
    return supervisor


def _await_lock(paths: Paths, supervisor: dict[str, int] | None, seconds: float) -> int:
    """The lock is free once supervisor (or creator) is gone, and the files with it if all went well."""

    def attempt() -> int:
        nonlocal supervisor
        supervisor = _end_supervisor(paths) or supervisor  # it may have been started only now
        if record.is_alive(supervisor):  # its files may be gone, and a new lock free, a moment before itself
            raise NotYet("its supervisor still runs")
        lock = try_lock(paths)
        if lock is None:
            raise NotYet("its supervisor still runs")
        return lock

    what = f"end of {paths.home.name}"
    return wait_until(attempt, deadline=Deadline(seconds), what=what, interval=0.005, max_interval=0.02)


def _remove_leftovers(paths: Paths) -> None:
    """Under the lock: end what an earlier, dead environment left running, and remove all but the lock itself."""
    with suppress(ClusterError):
        for process in LocalCluster(paths).processes().values():
            with suppress(PermissionError):  # root's: the kernel has ended them with their namespace
                record.signal_process(process, signal.SIGKILL)
    if paths.disk.exists() or _has_cgroup(paths.home.name):
        from ephemeral.clusters.local.real.root import remove_remains

        remove_remains(paths)
    for base in volatile_bases():
        shutil.rmtree(base / paths.home.name, ignore_errors=True)
    for entry in paths.home.iterdir():
        if entry == paths.lock:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _has_cgroup(name: str) -> bool:
    return name in names_with_cgroups()


def _forget_empty_bases() -> None:
    for base in volatile_bases():
        for directory in (base, base.parent):
            with suppress(OSError):
                directory.rmdir()
