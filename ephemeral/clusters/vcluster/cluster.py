"""One virtual cluster on a host: how it is reached, awaited, described and diagnosed."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.access import exported_secret, write_kubeconfig
from ephemeral.clusters.vcluster.desk import Desk
from ephemeral.clusters.vcluster.early import offering_account
from ephemeral.clusters.vcluster.force import put_amounts_in_force
from ephemeral.clusters.vcluster.ingress import publish
from ephemeral.clusters.vcluster.ready import await_dns, await_policy
from ephemeral.clusters.vcluster.stamp import Stamp, lease_annotations
from ephemeral.clusters.vcluster.watch import await_export, why_not
from ephemeral.errors import ClusterError, EphemeralError
from ephemeral.kube.transport import ApiError
from ephemeral.spec.rules import IN_CLUSTER
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.clusters.provider import Vantage
    from ephemeral.kube.client import Kube
    from ephemeral.kube.services import ServicePort
    from ephemeral.leases import Lease
    from ephemeral.spec.model import HostIngress
    from ephemeral.spec.presets import Policy

_DETACHED = b"d"
_HALF_MADE_SECONDS = 120.0
_ANSWER_SECONDS = 20.0


class VclusterCluster:
    """A virtual cluster in a namespace of a host cluster (implements Cluster)."""

    keeps_policy = True

    def __init__(
        self,
        stamp: Stamp,
        desk: Desk,
        *,
        server: str = "",
        ingress: "HostIngress | None" = None,
        owner: int | None = None,
    ) -> None:
        """``server``: how its API is reached, empty by the keeper; closing ``owner`` ends it."""
        self._ingress = ingress
        self._stamp = stamp
        self._desk = desk
        self._server = server
        self._owner = owner
        self.name = stamp.name
        self.lease = stamp.lease

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, made when this machine has none that leads there now."""
        self._write_kubeconfig()
        return self._desk.kubeconfig

    @property
    def namespace(self) -> str:
        """The host's namespace in which it lives."""
        return self._stamp.namespace

    @cached_property
    def _kube(self) -> "Kube":
        from ephemeral.kube.client import connect

        return connect(self.kubeconfig)

    @property
    def policy(self) -> "Policy":
        """The isolation policy that it was made with."""
        return self._stamp.policy

    def adopt(self, policy: "Policy") -> None:
        """Change quota and limits of a running environment; the chart is left as it is, since it would restart it."""
        if policy != self.policy:
            put_amounts_in_force(self._stamp, policy)
            self._stamp = self._stamp.write(POLICY=json.dumps(asdict(policy)))

    @property
    def vantage(self) -> "Vantage":
        """Its pods run on the host's nodes, from an image."""
        from ephemeral.clusters.vcluster.vantage import vantage_of

        return vantage_of(self._stamp)

    def wait_answering(self, deadline: Deadline) -> None:
        """Return once its API answers a LIST. Raises ClusterError as soon as the host says that it never will."""
        with offering_account(self._stamp, self._desk.folder) if self._stamp.phase else nullcontext():
            await_export(self._stamp, deadline)
        self._write_kubeconfig()
        what = "API of the environment"
        wait_until(self._expect_answer, deadline=deadline, what=what, interval=0.05, max_interval=0.3)
        if self._stamp.phase:
            self._stamp = self._stamp.write(PHASE=None)

    def wait_ready(self, deadline: Deadline) -> None:
        """Return once `/readyz` answers, the default ServiceAccount exists, DNS answers and the policy is in force."""
        for path in ("/readyz", "/api/v1/namespaces/default/serviceaccounts/default"):
            wait_until(lambda path=path: self._expect(path), deadline=deadline, what=f"cluster ({path})")  # type: ignore[misc]
        await_policy(self._kube, self._stamp, deadline)
        await_dns(self._kube, self._stamp, deadline)

    def detach(self) -> None:
        """Let it outlive this process: the keeper goes on, and the lease alone bounds its life."""
        if self._owner is not None:
            with suppress(BrokenPipeError):
                os.write(self._owner, _DETACHED)
            os.close(self._owner)
            self._owner = None
        if self._stamp.heartbeat is not None:
            self._stamp = self._stamp.write(HEARTBEAT=None)

    def reach(self, port: "ServicePort") -> tuple[str, int]:
        """A local port that the keeper leads to a pod of the Service. Raises ClusterError."""
        self._desk.port()
        folder = os.open(self._desk.folder, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
                control.settimeout(_ANSWER_SECONDS)
                control.connect(f"/proc/self/fd/{folder}/{self._desk.control.name}")
                control.sendall(f"{port.namespace} {port.service} {port.port}".encode())
                answer = control.recv(4000).decode()
        except OSError as error:
            raise ClusterError(f"the keeper of {self.name} on this machine does not answer: {error}") from error
        finally:
            os.close(folder)
        if not answer.isdecimal():
            words = answer.removeprefix("error ") or "nothing"
            raise ClusterError(f"Service {port.namespace}/{port.service} can't be opened: {words}")
        return "127.0.0.1", int(answer)

    def publish(self, port: "ServicePort", path: str) -> str | None:
        """Have the host's ingress controller serve it, if it has one. Raises ApplyError, WaitError."""
        return publish(self._kube, self._stamp, self._ingress, port, path) if self._ingress else None

    def load_image(self, archive: Path, name: str | None) -> tuple[str, ...]:
        """Nodes of a host pull their images themselves."""
        raise ClusterError(
            f"image archive {archive} can't be loaded: the nodes of a host cluster pull their images themselves.",
            hint="Push the image to a registry that the host reaches, and name it under `images`.",
        )

    def own_network(self) -> tuple[Sequence[str], Sequence[str]]:
        """The chart's own network policies let through what the control plane needs."""
        return (), ()

    def renew(self, lease: "Lease") -> None:
        """Stamp a new lease, moved to the host's clock."""
        self.lease = replace(lease.shifted(self._stamp.host.skew()), created_at=self.lease.created_at)
        given = lease_annotations(self.lease)
        self._stamp = self._stamp.write(LEASE=given[naming.LEASE], EXPIRES=given[naming.EXPIRES])

    def describe(self) -> dict[str, Any]:
        """Name, provider, host, namespace, versions, state, lease and kubeconfig (empty: not on this machine)."""
        return {
            "name": self.name,
            "provider": "vcluster",
            "nodes": "real",
            "pod-network": "host's",
            "host": self._stamp.host.context or str(self._stamp.host.kubeconfig),
            "namespace": self.namespace,
            "kubernetes": self._stamp.kubernetes,
            "pod-security": self._pod_security(),
            "state": self._state(),
            **self.lease.to_dict(),
            "kubeconfig": str(self._desk.kubeconfig) if self._desk.kubeconfig.exists() else "",
        }

    def component_logs(self) -> Mapping[str, Path]:
        """Its control plane's log as the host has it, and the keeper's."""
        from ephemeral.clusters.vcluster.logs import fetch_logs

        return fetch_logs(self._stamp, self._desk)

    def diagnose(self) -> str:
        """Why it is not well, in the host's own words; empty when nothing is known to be wrong."""
        try:
            if self._stamp.lease.expired_at(self._stamp.host.now()):
                end = f"{self.lease.expires_at:%H:%M:%S} UTC"
                return f"environment {self.name} has outlived its lease, which ended at {end}"
            return why_not(self._stamp)
        except EphemeralError as error:
            return f"the host does not say how {self.name} is: {error.message}"

    def _state(self) -> str:
        if self._stamp.is_terminating or self._stamp.phase == "removing":
            return "removing"
        if self._stamp.phase == "making":
            begun = self._stamp.heartbeat or self.lease.created_at
            return "starting" if (self._stamp.host.now() - begun).total_seconds() < _HALF_MADE_SECONDS else "failed"
        return "failed" if self.diagnose() else "running"

    def _pod_security(self) -> str:
        return self.policy.pod_security or "privileged"

    def _write_kubeconfig(self) -> None:
        server = self._address()
        if self._desk.kubeconfig.exists() and f'"server": "{server}"' in self._desk.kubeconfig.read_text():
            return
        try:
            secret = exported_secret(self._stamp)
        except NotYet as nothing:
            raise ClusterError(f"environment {self.name} has no kubeconfig yet: {nothing}.") from nothing
        write_kubeconfig(self._desk.kubeconfig, secret, name=self.name, server=server)

    def _address(self) -> str:
        if self._server == IN_CLUSTER:
            return f"https://{self.name}.{self.namespace}"  # a name that its certificate has: `pkg/server/cert`
        if self._server:
            return self._server
        if self._desk.keeper_process() is None and self._owner is None:
            self._desk.point(self._stamp.host)
            self._desk.start_keeper(owned=False)
        return f"https://127.0.0.1:{self._desk.port()}"

    def _expect_answer(self) -> None:
        try:
            self._kube.transport.request("GET", "/api/v1/namespaces?limit=1")
        except ApiError as error:
            raise NotYet(error.message) from error

    def _expect(self, path: str) -> None:
        try:
            self._kube.transport.request("GET", path)
        except ApiError as error:
            raise NotYet(error.message) from error
