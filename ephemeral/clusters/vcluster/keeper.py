"""The keeper: a process that leads to one environment of a host, and lets it live as long as it should.

It listens on this machine for the environment's API (`kube.portforward`: connections find the pod that is ready, so a
replaced one is no end), opens Services when asked over its socket, and beats the heart of an environment that ends with
its maker. Started by `desk` with its FOLDER; ends with the environment.
"""

import os
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ephemeral.clusters import record
from ephemeral.clusters.vcluster.copies import copy_of_service
from ephemeral.clusters.vcluster.desk import Desk
from ephemeral.clusters.vcluster.stamp import Stamp, find_stamp
from ephemeral.errors import EphemeralError
from ephemeral.kube.client import Kube
from ephemeral.kube.kubeconfig import Access, read_access
from ephemeral.kube.portforward import PortForward
from ephemeral.kube.transport import Transport
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.clusters.vcluster.host import HostCluster

BEAT_SECONDS = 15.0
_LOOK_SECONDS = 1.0
_SERVICE_SECONDS = 120.0
#: After so long without an answer a host is given up; the environment lives on, and the next command starts anew.
_SILENT_SECONDS = 600.0
_DETACHED = b"d"
_HTTPS = 443


class Keeper:
    """One environment's keeper, from its start to its end."""

    def __init__(self, desk: Desk, *, owned: bool) -> None:
        self._desk = desk
        self._owned = owned
        host = desk.host()
        assert host, "the desk points to a host before its keeper starts"
        self._host: HostCluster = host
        self._forwards: dict[str, PortForward] = {}
        self._stamp: Stamp | None = None
        self._next_beat = 0.0
        self._heard = time.monotonic()

    def run(self) -> None:
        """Listen, then watch until there is nothing left to keep."""
        record.write_json(self._desk.keeper, _myself())
        control = self._listen()
        sources = [control, *([sys.stdin.buffer] if self._owned else [])]
        self._watch_host()
        self._open_api()
        if self._owned:
            threading.Thread(target=self._collect, name="collect", daemon=True).start()
        while self._goes_on():
            ready, _, _ = select.select(sources, [], [], _LOOK_SECONDS)
            if control in ready:
                self._answer(control)
            if sys.stdin.buffer in ready:
                sources.remove(sys.stdin.buffer)
                self._owner_let_go(os.read(0, 1))

    def _listen(self) -> socket.socket:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._desk.control.unlink(missing_ok=True)
        folder = os.open(self._desk.folder, os.O_RDONLY)
        control.bind(f"/proc/self/fd/{folder}/{self._desk.control.name}")  # a socket's own path has at most 107 bytes
        control.listen()
        return control

    def _open_api(self) -> None:
        """The Service comes with the chart, which is being installed at this moment."""
        before = record.read_json(self._desk.folder / "port.json").get("port", 0)

        def attempt() -> None:
            if self._owned and self._owner_is_gone():
                return
            stamp = self._watch_host()
            if self._host.kube.get("v1", "Service", self._desk.name, stamp.namespace) is None:
                raise NotYet("the chart is not installed yet")
            access = read_access(self._host.kubeconfig, self._host.context)
            try:
                self._forward("api", access, f"service/{self._desk.name}", _HTTPS, stamp.namespace, before)
            except OSError:  # another program has taken the port of our predecessor
                self._forward("api", access, f"service/{self._desk.name}", _HTTPS, stamp.namespace, 0)

        deadline = Deadline(_SERVICE_SECONDS)
        wait_until(
            lambda: _patiently(attempt), deadline=deadline, what="Service of the API", interval=0.05, max_interval=0.3
        )
        if "api" in self._forwards:
            port = self._forwards["api"].port
            record.write_json(self._desk.folder / "port.json", {"port": port})
            record.write_json(self._desk.keeper, {**_myself(), "port": port})

    def _forward(self, key: str, access: Access, target: str, port: int | str, namespace: str, local: int) -> int:
        if key not in self._forwards:
            kube = Kube(Transport(access))
            self._forwards[key] = PortForward(kube, access, target, port, namespace=namespace, local_port=local)
        return self._forwards[key].port

    def _watch_host(self) -> Stamp:
        stamp = find_stamp(self._host, self._desk.name)
        if stamp is None or (self._stamp and stamp.uid != self._stamp.uid) or stamp.is_terminating:
            self._leave("the environment is gone")
        assert stamp
        self._stamp = stamp
        return stamp

    def _goes_on(self) -> bool:
        """Every few seconds: beat, and look whether there still is an environment whose lease lasts."""
        if self._owned and self._owner_is_gone():
            return False
        if time.monotonic() < self._next_beat:
            return True
        self._next_beat = time.monotonic() + BEAT_SECONDS
        try:
            self._beat()
            self._heard = time.monotonic()
        except EphemeralError:  # a host that does not answer just now is no end
            if not self._host.kubeconfig.exists() or time.monotonic() - self._heard > _SILENT_SECONDS:
                return False
        return True

    def _beat(self) -> None:
        stamp = self._watch_host()
        now = self._host.now()
        if stamp.lease.expired_at(now):
            self._remove("its lease ended")
            self._leave("removed")
        if stamp.heartbeat is not None and self._owned:
            # Exactly this version: a heart that beats after `detach` would doom what is to live by its lease.
            self._stamp = stamp.write(exactly=True, HEARTBEAT=now.isoformat())

    def _collect(self) -> None:
        """A pass of the reaper with every environment that is made: hosts without a scheduled one stay clean, too."""
        from ephemeral.clusters.vcluster.provider import VclusterProvider

        provider = VclusterProvider(self._host)
        with suppress(EphemeralError):
            for name, why in provider.doomed().items():
                with suppress(EphemeralError):  # one that can't be removed stops nobody
                    provider.collect(name)
                    print(f"collected {name}: {why}", flush=True)  # noqa: T201

    def _owner_is_gone(self) -> bool:
        """Closed without a word: by its end, whatever ended it."""
        ready, _, _ = select.select([0], [], [], 0)
        if not ready:
            return False
        self._owner_let_go(os.read(0, 1))
        return self._owned

    def _owner_let_go(self, word: bytes) -> None:
        self._owned = False
        if word != _DETACHED:
            self._remove("its maker is gone")
            self._leave("removed")

    def _answer(self, control: socket.socket) -> None:
        """``NAMESPACE SERVICE PORT`` -> the local port, or ``error WORDS``."""
        connection, _ = control.accept()
        with connection, suppress(OSError):
            connection.settimeout(5)
            asked = connection.recv(1000).decode().split()
            try:
                namespace, service, port = asked
                number = self._open_service(namespace, service, int(port))
                connection.sendall(str(number).encode())
            except (EphemeralError, ValueError, OSError) as error:
                connection.sendall(f"error {error}".encode())

    def _open_service(self, namespace: str, service: str, port: int) -> int:
        """By the host's copy of the Service: through the environment's API it would be a tunnel within a tunnel.

        vcluster makes the copy a moment later; who is quicker goes the long way.
        """
        assert self._stamp
        copy = copy_of_service(self._stamp, namespace, service)
        access = read_access(self._host.kubeconfig, self._host.context) if copy else read_access(self._desk.kubeconfig)
        target, place = (copy["metadata"]["name"], self._stamp.namespace) if copy else (service, namespace)
        return self._forward(f"{namespace}/{service}:{port}", access, f"service/{target}", port, place, 0)

    def _remove(self, why: str) -> None:
        from ephemeral.clusters.vcluster.teardown import delete

        print(f"removing {self._desk.name}: {why}", flush=True)  # noqa: T201 - into the keeper's log
        try:
            delete(self._host, self._desk.name, only=self._stamp.uid if self._stamp else "")
        except EphemeralError as error:
            print(f"can't remove it, its lease will: {error.message}", flush=True)  # noqa: T201

    def _leave(self, why: str) -> None:
        print(why, flush=True)  # noqa: T201
        shutil.rmtree(self._desk.folder, ignore_errors=True)
        sys.exit(0)


def _patiently(attempt: Callable[[], None]) -> None:
    """What the host can't answer just now, it may answer later."""
    try:
        attempt()
    except EphemeralError as error:
        raise NotYet(error.message) from error


def _myself() -> dict[str, object]:
    return {**record.this_process(), "boot-id": record.boot_id()}


def main() -> None:
    """Keep the environment whose desk is named."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Keeper(Desk(Path(sys.argv[1])), owned="--owned" in sys.argv[2:]).run()


if __name__ == "__main__":
    main()
