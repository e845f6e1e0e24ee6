"""Services as something to connect to: which port, by which scheme, and whether anybody answers."""

import http.client
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ephemeral.errors import SpecError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.waiting import Deadline, NotYet, wait_until

_ATTEMPT_SECONDS = 5.0
_CONNECT_SECONDS = 1.0
_TLS_PORTS = (443, 8443)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePort:
    """One port of a Service. ``protocol`` is `tcp` or `udp`, ``scheme`` `http` or `https`."""

    namespace: str
    service: str
    address: str
    port: int
    protocol: str
    scheme: str


def find_port(kube: Kube, service: str, *, namespace: str = "default", port: int | str = "") -> ServicePort:
    """Find a Service's port by number or name; without either, its only one or the one that is called http.

    Raises SpecError that names what there is.
    """
    item = kube.get("v1", "Service", service, namespace)
    if item is None:
        names = ", ".join(each["metadata"]["name"] for each in kube.list("v1", "Service", namespace=namespace))
        raise SpecError(f"there is no Service {namespace}/{service}.", hint=f"Services there: {names or 'none'}")
    address = str(item["spec"].get("clusterIP") or "None")
    if address == "None":
        raise SpecError(f"Service {namespace}/{service} has no address of its own (headless, or a name elsewhere).")
    found = _choose(item, port)
    return ServicePort(
        namespace=namespace,
        service=service,
        address=address,
        port=int(found["port"]),
        protocol=str(found.get("protocol", "TCP")).lower(),
        scheme=_scheme(found),
    )


def url_of(found: ServicePort, host: str, port: int, path: str) -> str:
    """The URL of a port that is reached at ``host``:``port``."""
    place = host if port == _DEFAULT_PORTS[found.scheme] else f"{host}:{port}"
    return f"{found.scheme}://{place}/{path.lstrip('/')}"


def wait_connecting(found: ServicePort, host: str, port: int, deadline: Deadline) -> None:
    """Return once somebody takes a connection there; UDP says nothing of the kind."""

    def attempt() -> None:
        try:
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            raise NotYet(f"{host}:{port}: {error.strerror or error} (has it ready pods?)") from error

    if found.protocol == "tcp":
        what = f"Service {found.namespace}/{found.service}"
        wait_until(attempt, deadline=deadline, what=what, interval=0.01, max_interval=0.2)


def wait_for_status(url: str, status: int, deadline: Deadline) -> None:
    """Return once a GET of ``url`` answers with ``status``. Certificates are not checked: they are the app's own."""
    wait_until(lambda: _expect_status(url, status), deadline=deadline, what=f"GET {url}", max_interval=0.5)


def _expect_status(url: str, status: int) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the app's own certificate
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.netloc, timeout=_ATTEMPT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=_ATTEMPT_SECONDS)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="").geturl())
        response = connection.getresponse()
        if response.status != status:
            raise NotYet(f"{response.status} {response.reason}")
    except (OSError, http.client.HTTPException) as error:
        raise NotYet(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _choose(item: Object, port: int | str) -> Object:
    ports: list[Object] = item["spec"].get("ports", [])
    if port == "":
        wanted = ports if len(ports) == 1 else [each for each in ports if each.get("name") == "http"]
    else:
        wanted = [each for each in ports if str(port) in (str(each["port"]), each.get("name"))]
    if wanted:
        return wanted[0]
    there = ", ".join(f"{each['port']} ({each['name']})" if each.get("name") else str(each["port"]) for each in ports)
    name = f"{item['metadata'].get('namespace')}/{item['metadata']['name']}"
    raise SpecError(
        f"Service {name} has no port {port or 'that is the only one or called http'}.", hint=f"It has: {there}"
    )


def _scheme(port: Object) -> str:
    names = f"{port.get('name', '')} {port.get('appProtocol', '')}".lower().split()
    return "https" if port["port"] in _TLS_PORTS or any(name.startswith("https") for name in names) else "http"
