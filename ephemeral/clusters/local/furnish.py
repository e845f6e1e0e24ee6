"""What a young API server needs before it is of use: the default ServiceAccount and the simulated nodes."""

import json
import platform
from typing import Any

from ephemeral.clusters.local.api import Api
from ephemeral.errors import ClusterError
from ephemeral.spec.model import SimulatedNodes
from ephemeral.waiting import Deadline, NotYet, wait_until

_ALREADY_EXISTS = 409
_CREATED = 201
_INVALID = 422
#: A ClusterIP is refused with this as long as the API server has not set up its range.
_YOUNG = "failed to allocate IP"


def create_default_service_account(api: Api, deadline: Deadline) -> None:
    """Create it instead of awaiting the controller that would, a second later."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    create(api, "/api/v1/namespaces/default/serviceaccounts", account, deadline)


def create_simulated_nodes(api: Api, size: SimulatedNodes, deadline: Deadline) -> None:
    """Create the Node objects that KWOK then keeps alive."""
    for number in range(size.count):
        create(api, "/api/v1/nodes", _node(f"node-{number}", size), deadline)


def create(api: Api, path: str, body: dict[str, Any], deadline: Deadline) -> None:
    """POST an object until the young server takes it. Raises ClusterError when it never will."""

    def attempt() -> None:
        status, answer = api.request("POST", path, body)
        if status in (_CREATED, _ALREADY_EXISTS):
            return
        reason = _reason(answer)
        if status == _INVALID and _YOUNG not in reason:
            raise ClusterError(f"{body['kind']} {body['metadata']['name']} is refused: {reason}")
        raise NotYet(reason)

    wait_until(attempt, deadline=deadline, what=f"{body['kind']} {body['metadata']['name']}", interval=0.01)


def _reason(answer: str) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer


def _node(name: str, size: SimulatedNodes) -> dict[str, Any]:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    resources = {"cpu": size.cpu, "memory": size.memory, "pods": str(size.pods), "ephemeral-storage": "1Ti"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": architecture,
            },
        },
        "status": {"capacity": resources, "allocatable": resources},
    }
