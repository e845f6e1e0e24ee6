"""Gateway and HTTPRoutes, as Gateway API v1 has them."""

from collections.abc import Sequence
from typing import Any

from ephemeral.kube.objects import Object
from ephemeral.previews.names import (
    LABEL,
    REQUEST_HEADER,
    RESPONSE_HEADER,
    baseline_name,
    candidate_name,
    pods_name,
)
from ephemeral.previews.routers.listeners import Listeners

API = "gateway.networking.k8s.io/v1"
#: Some controllers give all that they make this name, ConfigMaps too: nothing else of a preview may have it.
GATEWAY = "ephemeral-preview-gateway"


def gateway(namespace: str, gateway_class: str, ports: Sequence[int]) -> Object:
    """A Gateway that listens on ``ports`` for routes of its own namespace."""
    found = [{"name": _listener(port), "port": port, "protocol": "HTTP"} for port in ports]
    metadata = {"name": GATEWAY, "namespace": namespace, "labels": {LABEL: "gateway"}}
    return {
        "apiVersion": API,
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"gatewayClassName": gateway_class, "listeners": found},
    }


def split_route(listeners: Listeners, percent: int) -> Object:
    """The route of the public Service: an arm by header, else by weight."""
    name = listeners.service["metadata"]["name"]
    arms = {"baseline": baseline_name(name), "candidate": candidate_name(name)}
    by_header = [
        {
            "matches": [{**_EVERYTHING, "headers": [{"type": "Exact", "name": REQUEST_HEADER, "value": arm}]}],
            "backendRefs": [_backend(service, listeners.port, 1)],
        }
        for arm, service in arms.items()
    ]
    weights = {"baseline": 100 - percent, "candidate": percent}
    weighted = [_backend(service, listeners.port, weights[arm]) for arm, service in arms.items()]
    rules = [*by_header, {"matches": [_EVERYTHING], "backendRefs": weighted}]
    return _route(listeners, listeners.name, listeners.split, rules)


def arm_routes(listeners: Listeners) -> tuple[Object, Object]:
    """The routes of the arms: the answer says who gave it, and what the arm asks in turn stays within the arm."""
    name = listeners.service["metadata"]["name"]
    return (
        _arm_route(listeners, "baseline", baseline_name(name), listeners.baseline),
        _arm_route(listeners, "candidate", candidate_name(name), listeners.candidate),
    )


def _arm_route(listeners: Listeners, arm: str, service: str, port: int) -> Object:
    filters = [_header("RequestHeaderModifier", REQUEST_HEADER, arm)]
    filters.append(_header("ResponseHeaderModifier", RESPONSE_HEADER, arm))
    backend = _backend(pods_name(service), listeners.port, 1)
    rules = [{"matches": [_EVERYTHING], "filters": filters, "backendRefs": [backend]}]
    return _route(listeners, f"{listeners.name}-{arm}", port, rules)


def _route(listeners: Listeners, name: str, port: int, rules: Sequence[Object]) -> Object:
    namespace = listeners.service["metadata"]["namespace"]
    return {
        "apiVersion": API,
        "kind": "HTTPRoute",
        "metadata": {"name": f"ephemeral-{name}", "namespace": namespace, "labels": {LABEL: "route"}},
        "spec": {"parentRefs": [{"name": GATEWAY, "sectionName": _listener(port)}], "rules": [*rules]},
    }


_EVERYTHING: dict[str, Any] = {"path": {"type": "PathPrefix", "value": "/"}}


def _backend(service: str, port: int, weight: int) -> Object:
    return {"name": service, "port": port, "weight": weight}


def _header(kind: str, name: str, value: str) -> Object:
    return {"type": kind, f"{kind[0].lower()}{kind[1:]}": {"set": [{"name": name, "value": value}]}}


def _listener(port: int) -> str:
    return f"port-{port}"
