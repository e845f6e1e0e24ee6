"""A local TCP port that leads into a pod, through the API server.

Each connection gets a WebSocket of its own (subprotocol v4.channel.k8s.io), so that a client that breaks off disturbs
nobody else, and each is led to a pod that is ready at that moment: when a pod is replaced, the port stays.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ephemeral.errors import ClusterError, EphemeralError, SpecError
from ephemeral.kube.kubeconfig import Access
from ephemeral.kube.logs import pods_of
from ephemeral.kube.objects import Object, condition
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from websocket import WebSocket

    from ephemeral.kube.client import Kube

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_CHUNK = 64 * 1024
_CONNECT_SECONDS = 10.0
_READY_SECONDS = 30.0
_KNOWN_SECONDS = 0.5


class PortForward:
    """Listens on 127.0.0.1 and leads every connection to a port of a ready pod; a context manager.

    ``target`` is ``KIND/NAME`` (``service/web``, ``deployment/web``, ``pod/web-0``), ``port`` a number, or the name
    that the Service or a container gives it; of a Service it is the Service's port.
    """

    def __init__(
        self,
        kube: "Kube",
        access: Access,
        target: str,
        port: int | str,
        *,
        namespace: str = "default",
        local_port: int = 0,
        ready_only: bool = True,
    ) -> None:
        """Nothing is sent yet but a look at the target. Raises ClusterError or SpecError when there is none.

        ``local_port`` 0: any free one. Raises OSError when it is taken. Without ``ready_only``, connections are led to
        pods that are not ready as well.
        """
        self._ready_only = ready_only
        self._kube, self._access, self._target, self._namespace = kube, access, target, namespace
        self._port = port
        _target_port(kube, target, port, namespace)  # whoever asks for one that is not there is told at once
        self._listener = socket.create_server(("127.0.0.1", local_port))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.failures: list[str] = []
        self._known: tuple[float, Object, int] | None = None
        threading.Thread(target=self._accept, name=f"forward-{target}", daemon=True).start()

    @property
    def port(self) -> int:
        """The local port."""
        number: int = self._listener.getsockname()[1]
        return number

    @property
    def url(self) -> str:
        """The local port as a URL, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and break off what is open."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), name="forward-connection", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            tunnel = wait_until(
                self._connect, deadline=Deadline(_READY_SECONDS), what=f"connection to {self._target}", max_interval=0.5
            )
            _pump(client, tunnel, self.failures.append)
        except (EphemeralError, OSError) as error:
            self.failures.append(str(error))
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()

    def _connect(self) -> "WebSocket":
        """A tunnel to a pod that is ready; one that has just gone is no reason to give up."""
        from websocket import WebSocketException

        pod, number = self._look_up()
        try:
            return _open_tunnel(self._access, pod, number)
        except (WebSocketException, OSError, ClusterError) as error:
            self._known = None
            raise NotYet(f"pod {pod['metadata']['name']}: {error}") from error

    def _look_up(self) -> tuple[Object, int]:
        """A ready pod and its port: a Service may lead elsewhere by now, to other pods and to another port of theirs.

        What was found holds for a moment, as it does on nodes: many connections at once must not ask as many times.
        """
        known = self._known
        if known and time.monotonic() < known[0]:
            return known[1], known[2]
        pod = next(iter(self._ready_pods()), None)
        if pod is None:
            raise NotYet("no pod of it is ready")
        try:
            number = _number(pod, _target_port(self._kube, self._target, self._port, self._namespace))
        except ClusterError as error:
            raise NotYet(error.message) from error
        self._known = (time.monotonic() + _KNOWN_SECONDS, pod, number)
        return pod, number

    def _ready_pods(self) -> list[Object]:
        try:
            found = pods_of(self._kube, self._target, namespace=self._namespace)
        except ClusterError as error:
            raise NotYet(error.message) from error
        return [
            pod
            for pod in found
            if (condition(pod, "Ready").get("status") == "True" or not self._ready_only)
            and not pod["metadata"].get("deletionTimestamp")
        ]


def _target_port(kube: "Kube", target: str, port: int | str, namespace: str) -> int | str:
    """The pod's port, by number or name: of a Service, what its port leads to."""
    pods_of(kube, target, namespace=namespace)  # whoever is not there is told at once
    kind, _, name = target.partition("/")
    if kube.discovery.by_name(kind).kind != "Service":
        return port
    service = kube.get("v1", "Service", name, namespace) or {}
    ports = (service.get("spec") or {}).get("ports") or []
    for each in ports:
        if port in (each["port"], each.get("name")):
            found: int | str = each.get("targetPort") or each["port"]
            return found
    known = ", ".join(str(each.get("name") or each["port"]) for each in ports)
    raise SpecError(f"Service {namespace}/{name} has no port {port}; it has {known or 'none'}.")


def _number(pod: Object, wanted: int | str) -> int:
    """The number of a port that may be given by name. Raises SpecError."""
    if isinstance(wanted, int) or wanted.isdecimal():
        return int(wanted)
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or ():
            if each.get("name") == wanted:
                return int(each["containerPort"])
    raise SpecError(f"pod {pod['metadata']['name']} has no port called {wanted}.")


def _open_tunnel(access: Access, pod: Object, port: int) -> "WebSocket":
    """Raises WebSocketException, whose text has the API server's answer, or OSError."""
    from websocket import create_connection

    metadata = pod["metadata"]
    server = access.server.replace("http", "ws", 1)
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/portforward?ports={port}"
    authorization = access.authorization()
    return create_connection(
        f"{server}{path}",
        timeout=_CONNECT_SECONDS,
        subprotocols=[_PROTOCOL],
        header=[f"Authorization: {authorization}"] if authorization else [],
        sslopt=_tls_options(access),
        enable_multithread=True,
        http_no_proxy=["*"],
    )


def _tls_options(access: Access) -> dict[str, Any]:
    if access.tls is None:
        return {}
    return {"context": access.tls} | ({"server_hostname": access.tls_server_name} if access.tls_server_name else {})


def _pump(client: socket.socket, tunnel: "WebSocket", note: Callable[[str], None]) -> None:
    """Carry bytes both ways until one side has ended."""
    tunnel.settimeout(None)
    upward = threading.Thread(target=_send, args=(client, tunnel), name="forward-up", daemon=True)
    upward.start()
    try:
        _receive(client, tunnel, note)
    finally:
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        upward.join()
        tunnel.shutdown()  # type: ignore[no-untyped-call]


def _send(client: socket.socket, tunnel: "WebSocket") -> None:
    from websocket import WebSocketException

    with suppress(OSError, WebSocketException):
        while data := client.recv(_CHUNK):
            tunnel.send_binary(bytes([_DATA]) + data)
    with suppress(OSError, WebSocketException):
        tunnel.send_close()  # the protocol knows no half-closed connection


def _receive(client: socket.socket, tunnel: "WebSocket", note: Callable[[str], None]) -> None:
    """The first frame of each channel only repeats the port's number."""
    from websocket import WebSocketException

    begun: set[int] = set()
    with suppress(OSError, WebSocketException):
        while frame := tunnel.recv():
            assert isinstance(frame, bytes), "the protocol has binary frames only"
            channel, data = frame[0], frame[1:]
            if channel not in begun:
                begun.add(channel)
                assert len(data) == struct.calcsize("<H")
            elif channel == _ERROR:
                note(f"the pod's side of the connection: {data.decode(errors='replace')}")
                return
            else:
                client.sendall(data)
