"""Volumes that are files of the node: Pod Security forbids them to pods, a PersistentVolume would be the way around.

The volumes of the environment's own StorageClass are such files too, so only their provisioner may make any.
"""

from typing import Any

from ephemeral.clusters.local.api import Api
from ephemeral.clusters.local.credentials import STORAGE_USER
from ephemeral.waiting import Deadline, NotYet, wait_until

_NAME = "ephemeral-node-files"
_GROUP = "admissionregistration.k8s.io"
_INVALID = 422
_QUICK: Any = {"interval": 0.02, "max_interval": 0.05}


def keeps_node_files(pod_security: str) -> bool:
    """Whether the standard forbids pods the files of the node."""
    return pod_security in ("baseline", "restricted")


def node_file_objects(pod_security: str) -> list[tuple[str, dict[str, Any]]]:
    """An admission policy of the API server itself and its binding, each with the API path to POST it to."""
    policy = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _NAME},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    _rule("", "persistentvolumes", "CREATE"),
                    _rule("storage.k8s.io", "storageclasses", "CREATE", "UPDATE"),
                ]
            },
            "matchConditions": [{"name": "others", "expression": f"request.userInfo.username != '{STORAGE_USER}'"}],
            "validations": [
                {
                    "expression": "request.resource.resource != 'persistentvolumes' "
                    "|| !has(object.spec.hostPath) && !has(object.spec.local)",
                    "message": f"a volume of hostPath or local violates Pod Security {pod_security}: "
                    "it shows pods the files of the node",
                },
                {
                    "expression": "request.resource.resource != 'storageclasses' || !has(object.parameters) "
                    "|| !('pathPattern' in object.parameters)",
                    "message": f"a pathPattern violates Pod Security {pod_security}: it may lead to files of the node",
                },
            ],
        },
    }
    binding = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": _NAME},
        "spec": {"policyName": _NAME, "validationActions": ["Deny"]},
    }
    return [
        (f"/apis/{_GROUP}/v1/validatingadmissionpolicies", policy),
        (f"/apis/{_GROUP}/v1/validatingadmissionpolicybindings", binding),
    ]


def wait_in_force(api: Api, deadline: Deadline) -> None:
    """Return once the API server refuses such a volume: it reads new policies once a second."""
    wait_until(lambda: _expect_refusal(api), deadline=deadline, what=f"ValidatingAdmissionPolicy {_NAME}", **_QUICK)


def _expect_refusal(api: Api) -> None:
    status, answer = api.request("POST", "/api/v1/persistentvolumes?dryRun=All", node_file_volume())
    if status != _INVALID or _NAME not in answer:
        raise NotYet(f"{status or 'no answer'}: {answer[-200:]}")


def node_file_volume() -> dict[str, Any]:
    """A PersistentVolume that it must refuse."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _NAME},
        "spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}},
    }


def _rule(group: str, resources: str, *operations: str) -> dict[str, Any]:
    return {"apiGroups": [group], "apiVersions": ["*"], "resources": [resources], "operations": [*operations]}
