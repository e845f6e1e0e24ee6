"""ServiceAccounts of the host, and kubeconfigs that act as them."""

import json
from pathlib import Path
from typing import Any

from ephemeral import Environment
from ephemeral.waiting import Deadline, NotYet, wait_until

NAMESPACE = "people"


def make_namespace(host: Environment, name: str) -> None:
    host.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def remove_namespace(host: Environment, name: str) -> None:
    """Return once it is gone: the next test compares what is there before and after."""

    def gone() -> None:
        if host.kube.get("v1", "Namespace", name):
            raise NotYet("still there")

    host.kube.delete("v1", "Namespace", name)
    wait_until(gone, deadline=Deadline(60), what=f"end of namespace {name}", max_interval=0.3)


def kubeconfig_of(host: Environment, account: str, folder: Path) -> Path:
    """A kubeconfig with a token of that ServiceAccount, which is made; it has no rights yet."""
    make_namespace(host, NAMESPACE)
    metadata = {"name": account, "namespace": NAMESPACE}
    host.kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = host.kube.transport.request("POST", path, body=review).json()["status"]["token"]
    content: dict[str, Any] = json.loads(host.kubeconfig.read_text())
    content["users"] = [{"name": each["name"], "user": {"token": token}} for each in content["users"]]
    file = folder / f"{account}.kubeconfig"
    file.write_text(json.dumps(content))
    return file


def grant(host: Environment, account: str, role: dict[str, Any]) -> None:
    """Apply a role and bind it to the account, as an admin would."""
    metadata = {"name": account}
    if namespace := role["metadata"].get("namespace"):
        metadata["namespace"] = namespace
    role = {**role, "metadata": {**role["metadata"], **metadata}}
    host.kube.apply(role)
    host.kube.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{role['kind']}Binding",
            "metadata": metadata,
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": account},
        }
    )
