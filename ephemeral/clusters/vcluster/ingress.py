"""The host's shared ingress controller: what an environment may hand to it, and how it serves a Service.

Keys and effects: vcluster 0.36, `sync.toHost.ingresses`, `sync.toHost.gatewayApi`, `sync.fromHost.gateways`.
"""

from typing import TYPE_CHECKING, Any

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Object
from ephemeral.spec.model import Host, HostIngress
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.services import ServicePort

_INGRESS = "networking.k8s.io/v1"
_GATEWAY = "gateway.networking.k8s.io/v1"
_SECONDS = 30.0


def ingress_values(host: Host, name: str) -> dict[str, Any]:
    """Values that let Ingresses, and with a Gateway HTTPRoutes, of the environment reach the host.

    Raises SpecError when that takes rights beyond the one namespace that may be used.
    """
    ingress = host.ingress
    if not ingress.namespace:
        return {}
    values: dict[str, Any] = {"sync": {"toHost": {"ingresses": {"enabled": True}}}}
    if not ingress.gateway:
        return values
    if host.namespace:
        raise SpecError(
            f"cluster.host.ingress.gateway: a Gateway elsewhere can't be read with rights in {host.namespace} alone.",
            hint="Leave out `gateway` (Ingresses need no more rights) or `cluster.host.namespace`.",
        )
    namespace, _, gateway = ingress.gateway.partition("/")
    names = {"hostNamespace": namespace, "name": gateway, "allowedHostnames": [f"*.{name}.{ingress.domain}"]}
    values["sync"]["toHost"]["gatewayApi"] = {"httpRoutes": {"enabled": True}}
    values["sync"]["fromHost"] = {
        "gateways": {
            "enabled": True,
            "mappings": {"byName": {ingress.gateway: ingress.gateway}},
            "allowedRoutes": {"defaultVirtualNamespacePolicy": {"from": "All"}, "overrides": [names]},
            "sanitize": {"certificateRefs": True, "infrastructure": True},
        }
    }
    return values


def publish(kube: "Kube", stamp: Stamp, ingress: HostIngress, port: "ServicePort", path: str) -> str | None:
    """Have the controller serve a Service, by a route of the environment itself, and return the URL.

    None when there is no domain to serve it under, or when it does not speak plain HTTP. Raises ApiError; WaitError
    with vcluster's own words when the route does not reach the host.
    """
    if not ingress.domain or (port.protocol, port.scheme) != ("tcp", "http"):
        return None
    place = [port.service, *([port.namespace] if port.namespace != "default" else []), stamp.name, ingress.domain]
    route = _route if ingress.gateway else _ingress
    item = kube.apply(route(port, ".".join(place), ingress))

    def attempt() -> None:
        served = _is_accepted(kube, item) if ingress.gateway else _is_on_host(stamp, item)
        if not served:
            raise NotYet(_why_not(kube, item) or "vcluster has not handed it to the host yet")

    what = f"{item['kind']} {port.namespace}/{item['metadata']['name']} on the host"
    wait_until(attempt, deadline=Deadline(_SECONDS), what=what, interval=0.05, max_interval=0.3)
    return f"http://{'.'.join(place)}/{path.lstrip('/')}"


def _metadata(port: "ServicePort") -> dict[str, Any]:
    return {"name": f"ephemeral-{port.service}"[:63], "namespace": port.namespace, "labels": naming.MANAGED}


def _ingress(port: "ServicePort", host: str, ingress: HostIngress) -> Object:
    backend = {"service": {"name": port.service, "port": {"number": port.port}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    spec = {"rules": [rule], **({"ingressClassName": ingress.class_name} if ingress.class_name else {})}
    return {"apiVersion": _INGRESS, "kind": "Ingress", "metadata": _metadata(port), "spec": spec}


def _route(port: "ServicePort", host: str, ingress: HostIngress) -> Object:
    namespace, _, gateway = ingress.gateway.partition("/")
    spec = {
        "hostnames": [host],
        "parentRefs": [{"namespace": namespace, "name": gateway}],
        "rules": [{"backendRefs": [{"name": port.service, "port": port.port}]}],
    }
    return {"apiVersion": _GATEWAY, "kind": "HTTPRoute", "metadata": _metadata(port), "spec": spec}


def _is_on_host(stamp: Stamp, item: Object) -> bool:
    synced = stamp.host.kube.list(
        item["apiVersion"], item["kind"], namespace=stamp.namespace, labels=f"{naming.SYNCED}={stamp.name}"
    )
    sources = [each["metadata"].get("annotations", {}).get(naming.SOURCE_UID) for each in synced]
    return item["metadata"]["uid"] in sources


def _is_accepted(kube: "Kube", item: Object) -> bool:
    """A controller of the host writes this, and vcluster hands it back."""
    metadata = item["metadata"]
    found = kube.get(item["apiVersion"], item["kind"], metadata["name"], metadata["namespace"]) or {}
    conditions = [each for parent in found.get("status", {}).get("parents", []) for each in parent["conditions"]]
    return any((each["type"], each["status"]) == ("Accepted", "True") for each in conditions)


def _why_not(kube: "Kube", item: Object) -> str:
    from ephemeral.kube.events import list_events

    fields = f"involvedObject.uid={item['metadata']['uid']}"
    warnings = list_events(kube, namespace=item["metadata"]["namespace"], warnings_only=True, fields=fields)
    return warnings[-1].message if warnings else ""
