"""Services that lead elsewhere for a while, and Services of the arms' own."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object, condition
from ephemeral.kube.transport import ApiError
from ephemeral.previews.baseline import ORIGINAL_SPEC
from ephemeral.previews.names import LABEL
from ephemeral.waiting import Deadline, NotYet, wait_until

#: Beside the pods' own readiness, which is waited for before.
_ENDPOINT_SECONDS = 30.0
_ATTEMPTS = 10
#: kube-proxy gathers changes for a second before it writes them, and nothing says when it has.
_SETTLE_SECONDS = 2.0


def arm_service(service: Object, name: str, selector: Mapping[str, str], targets: Mapping[int, Any]) -> Object:
    """A Service with all ports of ``service`` that leads to other pods; ``targets``: port -> where it leads there."""
    spec = service["spec"]
    kept = ("name", "port", "protocol", "appProtocol", "targetPort")
    ports = [
        {**{key: each[key] for key in kept if key in each}, **_target(each, targets)}
        for each in spec.get("ports") or ()
    ]
    metadata = {"name": name, "namespace": service["metadata"]["namespace"], "labels": {LABEL: "service"}}
    body = {"selector": dict(selector), "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}


def point(kube: Kube, service: Object, selector: Mapping[str, str], targets: Mapping[int, Any]) -> None:
    """Let a Service lead to the pods of ``selector``, in one write; what the app gave it is kept in an annotation."""

    def change(live: Object) -> None:
        spec, metadata = live["spec"], live["metadata"]
        annotations = metadata.setdefault("annotations", {})
        annotations.setdefault(ORIGINAL_SPEC, json.dumps({"selector": spec["selector"], "ports": spec["ports"]}))
        own: list[Object] = json.loads(annotations[ORIGINAL_SPEC])["ports"]
        spec["selector"] = dict(selector)
        spec["ports"] = [{**each, **_target(each, targets)} for each in own]

    edit(kube, service, change)


def is_pointed(kube: Kube, service: Object) -> bool:
    """Whether a Service leads elsewhere than the app has it."""
    metadata = service["metadata"]
    live = kube.get("v1", "Service", metadata["name"], metadata["namespace"]) or {"metadata": {}}
    return ORIGINAL_SPEC in (live["metadata"].get("annotations") or {})


def restore(kube: Kube, service: Object) -> None:
    """Give a Service back what the app gave it."""

    def change(live: Object) -> None:
        kept = (live["metadata"].get("annotations") or {}).pop(ORIGINAL_SPEC, None)
        live["spec"].update(json.loads(kept) if kept else {})

    edit(kube, service, change)


def edit(kube: Kube, item: Object, change: Callable[[Object], None]) -> None:
    """Read, change and write an object; somebody else's write in between means once more."""
    metadata = item["metadata"]
    for attempt in range(1, _ATTEMPTS + 1):
        live = kube.get(item["apiVersion"], item["kind"], metadata["name"], metadata["namespace"])
        if live is None:
            return
        change(live)
        try:
            kube.replace(live)
        except ApiError as error:
            if error.status != 409 or attempt == _ATTEMPTS:
                raise
        else:
            return


def wait_leading(kube: Kube, name: str, namespace: str, selector: Mapping[str, str]) -> None:
    """Return once a Service's endpoints are exactly the ready pods of ``selector``, at least one. Raises WaitError."""

    def attempt() -> None:
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        pods = kube.list("v1", "Pod", namespace=namespace, labels=labels)
        ready = {each["metadata"]["name"] for each in pods if _is_ready(each)}
        found = _ready_endpoints(kube, name, namespace)
        if not ready:
            raise NotYet(f"no pod of {labels} is ready")
        if found != ready:
            raise NotYet(f"its endpoints are {', '.join(sorted(found)) or 'none'}, not {', '.join(sorted(ready))}")

    what = f"Service {namespace}/{name} leading to {', '.join(selector.values())}"
    wait_until(attempt, deadline=Deadline(_ENDPOINT_SECONDS), what=what, max_interval=0.2)


def wait_listed(kube: Kube, name: str, namespace: str) -> None:
    """Return once a Service has an EndpointSlice, be it an empty one. Raises WaitError."""

    def attempt() -> None:
        if not _slices(kube, name, namespace):
            raise NotYet("there is none")

    what = f"EndpointSlice of Service {namespace}/{name}"
    wait_until(attempt, deadline=Deadline(_ENDPOINT_SECONDS), what=what, max_interval=0.2)


def settle() -> None:
    """Return once new connections go where the endpoints say."""
    time.sleep(_SETTLE_SECONDS)


def _slices(kube: Kube, name: str, namespace: str) -> list[Object]:
    labels = f"kubernetes.io/service-name={name}"
    return kube.list("discovery.k8s.io/v1", "EndpointSlice", namespace=namespace, labels=labels)


def _ready_endpoints(kube: Kube, name: str, namespace: str) -> set[str]:
    return {
        endpoint["targetRef"]["name"]
        for each in _slices(kube, name, namespace)
        for endpoint in each.get("endpoints") or ()
        if endpoint.get("targetRef") and (endpoint.get("conditions") or {}).get("ready")
    }


def _is_ready(pod: Object) -> bool:
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def _target(port: Mapping[str, Any], targets: Mapping[int, Any]) -> dict[str, Any]:
    return {"targetPort": targets[port["port"]]} if port["port"] in targets else {}
