"""Two environments know nothing of each other: no object of one is seen in the other, no credential taken there."""

import json
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ephemeral.kube.client import connect
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.litter import Litter
from ephemeral.verify.subject import PREFIX, Subject

_UNAUTHORIZED = 401
_HOW = "give --against OTHER, the name of another running environment"


def probe_neighbours(subject: Subject, against: Subject | None) -> Iterator[Finding]:
    """Findings about both directions; without another environment, none of it can be probed."""
    if against is None:
        for what, expected in (("CRDs", "invisible"), ("cluster roles", "invisible"), ("credentials", "refused")):
            yield not_probed(f"{what} in another environment", _HOW, expected=expected)
        return
    litter = Litter()
    try:
        for owner, other in ((subject, against), (against, subject)):
            for item in (_crd(), _cluster_role()):
                yield _invisible(owner, other, item, litter)
            yield _refused(owner, other, "client certificate", _user(owner))
            yield _refused(owner, other, "ServiceAccount token", {"token": _token(owner)})
    finally:
        litter.await_end()  # a CRD stays until the API server has looked for objects of it


def _invisible(owner: Subject, other: Subject, item: Object, litter: Litter) -> Finding:
    kind, name = item["kind"], item["metadata"]["name"]
    place = (item["apiVersion"], kind, name)
    did = f"created {kind} {name} in {owner.name}; {other.kubectl(f'get {kind} {name}')}"
    try:
        owner.kube.apply(item)
        there = owner.kube.get(*place)
        found = other.kube.get(*place)
    finally:
        litter.add(owner, *place)
    probe = f"{kind} of {owner.name} in {other.name}"
    if there is None:
        return not_probed(probe, f"it was not to be seen in {owner.name} itself", did=did, expected="invisible")
    return judged(probe, did, expected="invisible", found="visible" if found else "invisible")


def _refused(owner: Subject, other: Subject, what: str, user: dict[str, Any]) -> Finding:
    probe = f"{what} of {owner.name} at {other.name}"
    did = f"GET /api/v1/namespaces of {other.name} ({other.kubeconfig}) with the {what} of {owner.name}"
    other.kube.transport.request("GET", "/api/v1/namespaces")  # it does answer those whom it knows
    with tempfile.TemporaryDirectory() as folder:
        kube = connect(_mixed(Path(folder), other, user))
        try:
            kube.transport.request("GET", "/api/v1/namespaces")
        except ApiError as error:
            if error.status != _UNAUTHORIZED:
                return not_probed(probe, error.message, did=did, expected="refused")
            return judged(probe, did, expected="refused", found="refused", detail=error.message)
        finally:
            kube.close()
    return judged(probe, did, expected="refused", found="accepted")


def _user(subject: Subject) -> dict[str, Any]:
    user = _current(_config(subject), "users", "user")
    return {key: value for key, value in user.items() if key.startswith("client-")}


def _token(subject: Subject) -> str:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    return str(subject.kube.transport.request("POST", path, body=body).json()["status"]["token"])


def _mixed(folder: Path, other: Subject, user: dict[str, Any]) -> Path:
    """A kubeconfig that leads to ``other`` with credentials that are none of its own."""
    path = folder / "kubeconfig"
    config = {
        "clusters": [{"name": "other", "cluster": _current(_config(other), "clusters", "cluster")}],
        "users": [{"name": "foreign", "user": user}],
        "contexts": [{"name": "mixed", "context": {"cluster": "other", "user": "foreign"}}],
        "current-context": "mixed",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def _config(subject: Subject) -> dict[str, Any]:
    import yaml

    return dict(yaml.load(subject.kubeconfig.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def _current(config: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    context = next(each["context"] for each in config["contexts"] if each["name"] == config["current-context"])
    return dict(next(each[key] for each in config[section] if each["name"] == context[key]))


def _crd() -> Object:
    group = f"v{secrets.token_hex(3)}.ephemeral.invalid"
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"probes.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "probes", "singular": "probe", "kind": "Probe", "listKind": "ProbeList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def _cluster_role() -> Object:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"{PREFIX}-{secrets.token_hex(3)}"},
        "rules": [],
    }
