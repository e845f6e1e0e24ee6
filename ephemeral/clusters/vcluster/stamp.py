"""The stamp: lease, policy and version as annotations of one object of the host.

It is the environment's namespace itself, created with the stamp in the same call; where only one given namespace may be
used, it is a ConfigMap in that.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.errors import ClusterError, NameTakenError, SpecError
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.leases import Lease
from ephemeral.spec.model import PodSecurity
from ephemeral.spec.presets import Policy, policy_from_dict

_FORBIDDEN, _CONFLICT = 403, 409
#: Six beats of a keeper.
_SILENCE = timedelta(seconds=90)
_ENFORCE = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What the host says of an environment; ``item`` is the object that carries it."""

    host: HostCluster
    item: Object

    @property
    def name(self) -> str:
        """The environment's name."""
        return str(self.item["metadata"]["labels"][naming.ENVIRONMENT])

    @property
    def namespace(self) -> str:
        """The namespace of the host in which it lives."""
        metadata = self.item["metadata"]
        return str(metadata.get("namespace") or metadata["name"])

    @property
    def annotations(self) -> Mapping[str, str]:
        """All annotations of the object."""
        return self.item["metadata"].get("annotations") or {}

    @property
    def lease(self) -> Lease:
        """Owner and deadline. Raises ClusterError when it carries none that can be read."""
        try:
            return Lease.from_dict(json.loads(self.annotations[naming.LEASE]))
        except (KeyError, ValueError, TypeError) as error:
            raise ClusterError(
                f"{self.title} has the label {naming.ENVIRONMENT}, but no lease of ephemeral: it is left alone.",
                hint="Who made it may remove it; ephemeral deletes nothing without a lease of its own.",
            ) from error

    @property
    def policy(self) -> Policy:
        """The isolation policy that it was made with."""
        return policy_from_dict(json.loads(self.annotations[naming.POLICY]))

    @property
    def kubernetes(self) -> str:
        """The version that its API has."""
        return self.annotations.get(naming.KUBERNETES, "")

    @property
    def phase(self) -> str:
        """`making`, `removing`, or empty."""
        return self.annotations.get(naming.PHASE, "")

    @property
    def heartbeat(self) -> datetime | None:
        """When its maker was last seen, by the host's clock; None when it lives by its lease alone."""
        text = self.annotations.get(naming.HEARTBEAT)
        return datetime.fromisoformat(text) if text else None

    @property
    def uid(self) -> str:
        """Differs from that of any environment that had the name before."""
        return str(self.item["metadata"]["uid"])

    @property
    def is_terminating(self) -> bool:
        """Whether its namespace is on its way out."""
        return bool(self.item["metadata"].get("deletionTimestamp"))

    @property
    def owns_namespace(self) -> bool:
        """Whether the namespace was made for it alone."""
        return not self.item["metadata"].get("namespace")

    @property
    def title(self) -> str:
        """The object in a sentence."""
        return f"namespace {self.namespace} of the host"

    def check_ours(self) -> None:
        """Raises ClusterError unless it carries a lease of ephemeral: a label alone makes nothing ours."""
        _ = self.lease

    def write(self, *, exactly: bool = False, **annotations: str | None) -> "Stamp":
        """Change annotations, given by the names in `naming` (``LEASE=...``); None removes one.

        Raises ApiError when the object is another one by now or, with ``exactly``, when anything of it has changed.
        """
        named = {getattr(naming, key): value for key, value in annotations.items()}
        kind, metadata = self.item["kind"], self.item["metadata"]
        version = {"resourceVersion": metadata["resourceVersion"]} if exactly else {}
        changes = {"metadata": {"annotations": named, "uid": metadata["uid"], **version}}
        item = self.host.kube.patch("v1", kind, metadata["name"], changes, namespace=metadata.get("namespace"))
        return Stamp(host=self.host, item=item)


def create_stamp(
    host: HostCluster, name: str, lease: Lease, policy: Policy, *, kubernetes: str, heartbeat: datetime
) -> Stamp:
    """Create the first object of an environment, stamped.

    Raises NameTakenError when there is one already, or another in the one namespace that may be used; ClusterError
    without the rights for it.
    """
    annotations = {
        **lease_annotations(lease),
        naming.POLICY: json.dumps(asdict(policy)),
        naming.KUBERNETES: kubernetes,
        naming.HEARTBEAT: heartbeat.isoformat(),
        naming.PHASE: "making",
    }
    metadata: dict[str, Any] = {"labels": naming.labels_of(name), "annotations": annotations}
    if host.namespace:
        _check_vacant(host, name)
        metadata |= {"name": naming.namespace_of(name), "namespace": host.namespace}
        path, kind = f"/api/v1/namespaces/{host.namespace}/configmaps", "ConfigMap"
    else:
        metadata["name"] = naming.namespace_of(name)
        if policy.pod_security:
            metadata["labels"] = {**metadata["labels"], _ENFORCE: _strictest_on_host(policy.pod_security)}
        path, kind = "/api/v1/namespaces", "Namespace"
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    try:
        with _telling_rights():
            item = host.kube.transport.request("POST", path, body=body, query={"fieldManager": "ephemeral"}).json()
    except ApiError as error:
        if error.status == _CONFLICT:
            raise _taken(host, name) from error
        raise
    return Stamp(host=host, item={**body, **item})


def _strictest_on_host(standard: PodSecurity) -> PodSecurity:
    """vcluster's own pods are not `restricted`; the syncer lets no pod of the environment through that is less."""
    return "baseline" if standard == "restricted" else standard


def lease_annotations(lease: Lease) -> dict[str, str]:
    """A lease as annotations."""
    return {naming.LEASE: json.dumps(lease.to_dict()), naming.EXPIRES: lease.expires_at.isoformat()}


def find_stamp(host: HostCluster, name: str) -> Stamp | None:
    """The stamp of an environment; None when there is none. Raises NameTakenError when the name is somebody else's."""
    check_name(name)
    kind = "ConfigMap" if host.namespace else "Namespace"
    with _telling_rights():
        item = host.kube.get("v1", kind, naming.namespace_of(name), host.namespace or None)
    if item is None:
        return None
    labels = item["metadata"].get("labels") or {}
    if naming.labels_of(name).items() <= labels.items():
        return Stamp(host=host, item=item)
    raise NameTakenError(
        f"{kind} {naming.namespace_of(name)} of the host was not made by ephemeral: it is neither used nor deleted.",
        hint="Choose another name for the environment.",
    )


def list_stamps(host: HostCluster) -> Iterator[Stamp]:
    """The stamps of all environments of a host, or of the one namespace of it that may be used."""
    kind = "ConfigMap" if host.namespace else "Namespace"
    labels = f"{naming.SELECTOR},{naming.ENVIRONMENT}"
    with _telling_rights():
        items = host.kube.list("v1", kind, namespace=host.namespace or None, labels=labels)
    for item in items:
        yield Stamp(host=host, item=item)


def why_doomed(stamp: Stamp, now: datetime) -> str:
    """Why an environment should be gone at a moment of the host's clock; empty when it may live."""
    if stamp.lease.expired_at(now):
        return "its lease ended"
    if stamp.phase == "removing":
        return "its removal was not finished"
    if stamp.heartbeat and now - stamp.heartbeat > _SILENCE:
        return "its maker is gone"
    return ""


def check_name(name: str) -> None:
    """Nothing that is no name reaches the host. Raises SpecError."""
    from ephemeral.spec.rules import name_rule

    try:
        name_rule(name)
    except SpecError as error:
        raise SpecError(f"{name!r} is no name of an environment: {error.message}") from error


@contextmanager
def _telling_rights() -> Iterator[None]:
    """What a host refuses it names itself, verb and resource; here stands what to do about it."""
    try:
        yield
    except ApiError as error:
        if error.status != _FORBIDDEN:
            raise
        hint = "`ephemeral doctor --host` shows which rights are missing, and the YAML that grants them."
        raise ClusterError(f"the host refuses: {error.message}", hint=hint) from error


def _check_vacant(host: HostCluster, name: str) -> None:
    """vcluster itself refuses to start as the second of a namespace, but only once it runs."""
    others = [stamp.name for stamp in list_stamps(host) if stamp.name != name]
    if others:
        raise NameTakenError(
            f"namespace {host.namespace} of the host has environment {others[0]}, and takes one at a time.",
            hint=f"`ephemeral down {others[0]}` removes it; another `cluster.host.namespace` is another place.",
        )


def _taken(host: HostCluster, name: str) -> NameTakenError:
    there = find_stamp(host, name)
    if there and there.is_terminating:
        return NameTakenError(
            f"{there.title} is on its way out: Terminating.",
            hint=f"Wait, or see what holds it: `ephemeral down {name}` names it.",
        )
    return NameTakenError(
        f"environment {name} exists on the host, or is being made there right now.",
        hint=f"`ephemeral status {name}` shows it, `ephemeral down {name}` removes it.",
    )
