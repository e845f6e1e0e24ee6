"""What the gateway listens on: for each port of each previewed Service, where its requests are split and where each
arm alone answers. Ports are told apart by number, so requests need no host name of their own."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ephemeral.errors import PreviewError
from ephemeral.kube.objects import Object, subject
from ephemeral.previews.names import LABEL, baseline_name, candidate_name, pods_name
from ephemeral.previews.services import arm_service

#: Above what gateways keep for themselves (Istio 15000 to 15090, Envoy Gateway 19000 to 19003), below where a kernel
#: takes ports for outgoing connections from.
_FIRST_PORT, _PLACES = 20000, 4000
#: The Service by which listeners are tried.
TRIAL = "ephemeral-gateway"
_H2C = "kubernetes.io/h2c"
_TLS_PORTS = (443, 8443)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """The three listeners of one Service's port, by their numbers on the gateway."""

    service: Object
    port: int
    split: int

    @property
    def baseline(self) -> int:
        """Where the baseline alone answers."""
        return self.split + 1

    @property
    def candidate(self) -> int:
        """Where the candidate alone answers."""
        return self.split + 2

    @property
    def name(self) -> str:
        """What routes and listeners of this port are called after."""
        return f"{self.service['metadata']['name']}-{self.port}"


def listeners(services: Sequence[Object]) -> list[Listeners]:
    """The listeners of all ports. Raises PreviewError for a port that does not speak HTTP, as far as it says so."""
    ports = [(service, port) for service in services for port in service["spec"].get("ports") or ()]
    for service, port in ports:
        _refuse_other_protocols(service, port)
    places: dict[int, tuple[Object, Any]] = {}
    for service, port in ports:
        place = _place(f"{service['metadata']['name']}-{port['port']}")
        while place in places:
            place = (place + 1) % _PLACES
        places[place] = service, port
    return [
        Listeners(service=service, port=int(port["port"]), split=_FIRST_PORT + 3 * place)
        for place, (service, port) in places.items()
    ]


def _place(name: str) -> int:
    """The same in every preview: a number that was another Service's a moment ago would be answered by both."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % _PLACES


def gateway_services(found: Sequence[Listeners], candidate: Any, gateway: dict[str, str]) -> Iterator[Object]:
    """The Services of the arms: two that lead to the gateway, and behind it two that lead to pods.

    ``candidate`` makes the candidate's selector of the baseline's; ``gateway`` selects the gateway's pods.
    """
    for service in {each.service["metadata"]["name"]: each.service for each in found}.values():
        name, selector = service["metadata"]["name"], service["spec"]["selector"]
        here = [each for each in found if each.service is service]
        to_baseline = {each.port: each.baseline for each in here}
        to_candidate = {each.port: each.candidate for each in here}
        yield _with_protocols(arm_service(service, pods_name(baseline_name(name)), selector, {}))
        yield _with_protocols(arm_service(service, pods_name(candidate_name(name)), candidate(selector), {}))
        yield _with_protocols(arm_service(service, baseline_name(name), gateway, to_baseline))
        yield _with_protocols(arm_service(service, candidate_name(name), gateway, to_candidate))


def trial_service(namespace: str, ports: Sequence[int], gateway: dict[str, str]) -> Object:
    """The gateway itself: nobody's way to the app, but how a listener is tried before anybody is sent to it."""
    found = [{"name": f"port-{port}", "port": port} for port in ports]
    metadata = {"name": TRIAL, "namespace": namespace, "labels": {LABEL: "gateway"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": gateway, "ports": found}}


def _with_protocols(service: Object) -> Object:
    for port in service["spec"]["ports"]:
        if _speaks_h2c(port):
            port["appProtocol"] = _H2C
    return service


def _speaks_h2c(port: Object) -> bool:
    said = str(port.get("appProtocol", port.get("name", ""))).lower()
    return said == _H2C or said.partition("-")[0] in ("grpc", "h2c", "http2")


def _refuse_other_protocols(service: Object, port: Object) -> None:
    said = str(port.get("appProtocol", port.get("name", ""))).lower().partition("-")[0]
    other = port.get("protocol", "TCP") != "TCP" or said in ("https", "tls", "tcp", "udp") or port["port"] in _TLS_PORTS
    if other:
        raise PreviewError(
            f"port {port['port']} of {subject(service)} is not plain HTTP: the gateway can't split its requests.",
            hint="`router: service` switches all ports of whatever protocol; `router: replicas` splits connections.",
        )
