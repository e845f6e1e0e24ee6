"""One local virtual cluster: how it is awaited, described and diagnosed."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ephemeral.clusters import record
from ephemeral.clusters.local.control import tell
from ephemeral.clusters.local.paths import Paths
from ephemeral.errors import ClusterError
from ephemeral.leases import Lease
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.clusters.local.real.addresses import Addresses
    from ephemeral.clusters.provider import Vantage
    from ephemeral.kube.services import ServicePort
    from ephemeral.spec.model import Spec
    from ephemeral.spec.presets import Policy

_OK = 200
_LOG_LINES = 15


class LocalCluster:
    """A control plane as processes of this machine (implements Cluster)."""

    keeps_policy = False

    def __init__(self, paths: Paths, *, made_for: "Spec | None" = None, owner: int | None = None) -> None:
        """``made_for``: it is new, and its objects are still to be created; closing ``owner`` ends the cluster."""
        self._record = record.read_json(paths.record)
        if "lease" not in self._record:
            raise ClusterError(f"environment {paths.home.name} is a leftover without a record.")
        self.paths = paths
        self.name = str(self._record["name"])
        self.lease = Lease.from_dict(self._record["lease"])
        self.kubeconfig: Path = paths.kubeconfig
        self._made_for = made_for
        self._owner = owner

    def wait_answering(self, deadline: Deadline) -> None:
        """Return once the API answers a LIST. Raises ClusterError as soon as a component has died."""
        wait_until(lambda: self._expect("/api/v1/namespaces"), deadline=deadline, what="API server", **_QUICK)
        if self._made_for is not None:
            self._furnish(self._made_for, deadline)
            self._made_for = None

    def _furnish(self, spec: "Spec", deadline: Deadline) -> None:
        from ephemeral.clusters.local.api import Api
        from ephemeral.clusters.local.furnish import create_default_service_account, create_simulated_nodes

        api = Api(self.kubeconfig, trouble=self.diagnose)
        create_default_service_account(api, deadline)
        if self.addresses:
            from ephemeral.clusters.local.real.furnish import create_cluster_objects
            from ephemeral.clusters.local.real.storage import has_volumes

            volumes, pod_security = has_volumes(self.paths), self._record["pod-security"]
            create_cluster_objects(api, self.addresses, deadline, volumes=volumes, pod_security=pod_security)
            self.paths.furnished.touch()
        else:
            create_simulated_nodes(api, spec.cluster.simulated, deadline)

    def wait_ready(self, deadline: Deadline) -> None:
        """Return once `/readyz` answers, the default ServiceAccount exists, and real nodes take pods and have DNS."""
        if self.addresses:
            self._wait_for_node(self.addresses, deadline)
        for path in ("/readyz", "/api/v1/namespaces/default/serviceaccounts/default"):
            wait_until(lambda path=path: self._expect(path), deadline=deadline, what=f"cluster ({path})", **_QUICK)  # type: ignore[misc]

    def _wait_for_node(self, addresses: "Addresses", deadline: Deadline) -> None:
        from ephemeral.clusters.local.api import Api
        from ephemeral.clusters.local.real.furnish import expect_node, wait_for_dns
        from ephemeral.clusters.local.real.node_files import keeps_node_files, wait_in_force

        api = Api(self.kubeconfig, trouble=self.diagnose)

        def node() -> None:
            if trouble := self.diagnose():
                raise ClusterError(trouble)
            expect_node(api)

        wait_until(node, deadline=deadline, what="node", **_QUICK)
        wait_for_dns(addresses, deadline)
        if keeps_node_files(self._record["pod-security"]):
            wait_in_force(api, deadline)

    @cached_property
    def addresses(self) -> "Addresses | None":
        """Addresses of an environment with real nodes."""
        network = self._record.get("network")
        if not network:
            return None
        from ipaddress import IPv4Network

        from ephemeral.clusters.local.real.addresses import Addresses

        return Addresses(IPv4Network(network))

    @property
    def policy(self) -> "Policy":
        """The isolation policy that it was made with. Raises ClusterError when that was not written down."""
        from ephemeral.spec.presets import policy_from_dict

        if "policy" not in self._record:
            raise ClusterError(f"environment {self.name} was made by a version that did not record its policy.")
        return policy_from_dict(self._record["policy"])

    def adopt(self, policy: "Policy") -> None:
        """Write down what a deployment has put in force: quota and limits may change while it runs."""
        self._record["policy"] = asdict(policy)
        record.write_json(self.paths.record, self._record)

    @cached_property
    def vantage(self) -> "Vantage | None":
        """From where its isolation can be probed; None on simulated nodes."""
        if not self.addresses:
            return None
        from ephemeral.clusters.local.real.vantage import vantage_of

        return vantage_of(self.paths, self.addresses, outbound=self._record["outbound"])

    def reach(self, port: "ServicePort") -> tuple[str, int]:
        """Let the machine reach a Service's port at its ClusterIP, to which it has a route."""
        if not self.addresses:
            raise ClusterError(f"nothing answers in environment {self.name}: simulated nodes run nothing.")
        tell(self.paths, f"expose {port.address} {port.protocol} {port.port}")
        return port.address, port.port

    def own_network(self) -> tuple[Sequence[str], Sequence[str]]:
        """The API server is a process of the node; what may enter from the machine is for the edge to say."""
        if not self.addresses:
            return (), ()
        node = f"{self.addresses.node}/32"
        return [node], [node, f"{self.addresses.machine}/32"]

    def publish(self, port: "ServicePort", path: str) -> None:
        """Nothing here is for other machines."""

    def load_image(self, archive: Path, name: str | None) -> tuple[str, ...]:
        """Load an image archive into its containerd, which is root's."""
        if not self.addresses:
            raise ClusterError(f"environment {self.name} runs no images: its nodes are simulated.")
        from ephemeral.clusters.local.real.root import as_root
        from ephemeral.images import load
        from ephemeral.tools import require

        ctr = require(["ctr"])["ctr"]
        return load(archive, name, ctr=ctr, socket=self.paths.containerd_socket, prefix=as_root([]))

    def detach(self) -> None:
        """Let the supervisor go on alone: one byte before the pipe closes says that this is meant."""
        if self._owner is not None:
            with suppress(BrokenPipeError):
                os.write(self._owner, b"d")
            os.close(self._owner)
            self._owner = None

    def renew(self, lease: Lease) -> None:
        """Stamp a new lease; the supervisor reads it at once."""
        self._record["lease"] = lease.to_dict()
        record.write_json(self.paths.record, self._record)
        self.lease = lease
        tell(self.paths, "lease")

    def processes(self) -> dict[str, dict[str, int]]:
        """Recorded processes by component; empty when the record is of an earlier boot."""
        if self._record["boot-id"] != record.boot_id():
            return {}
        return record.read_json(self.paths.processes)

    @property
    def alive(self) -> bool:
        """Whether its supervisor runs, or its creator still prepares it."""
        if self._record["boot-id"] != record.boot_id() or not self.paths.record.exists():
            return False
        supervisor = self.processes().get("supervisor")
        return record.is_alive(supervisor or self._record["creator"])

    def describe(self) -> dict[str, Any]:
        """Name, provider, versions, state, lease and memory (resident bytes of all processes)."""
        state = "dead" if not self.alive else "failed" if self.diagnose() else "running"
        if state == "running" and "kube-apiserver" not in self.processes():
            state = "starting"
        return {
            "name": self.name,
            "provider": "local",
            "nodes": self._record["nodes"],
            "pod-network": self._record["pod-network"],
            "kubernetes": self._record["kubernetes"],
            "pod-security": self._record["pod-security"],
            "state": state,
            **self.lease.to_dict(),
            "kubeconfig": str(self.kubeconfig),
            "memory-bytes": sum(_resident_bytes(process["pid"]) for process in self.processes().values()),
        }

    def component_logs(self) -> dict[str, Path]:
        """Log files of the control plane and its supervisor, by program."""
        return {path.stem: path for path in sorted(self.paths.logs.glob("*.log"))}

    def diagnose(self) -> str:
        """Which component died first, how, and its last log lines; empty when all run."""
        failure = record.read_json(self.paths.failure)
        if not failure:
            return "" if self.alive else self._end_in_words()
        lines = self._log_tail(failure["component"])
        return "\n".join([f"{failure['component']} {failure['how']}; its last log lines:", *lines])

    def _end_in_words(self) -> str:
        if self.lease.expired:
            return f"environment {self.name} has ended with its lease, at {self.lease.expires_at:%H:%M:%S} UTC"
        return f"environment {self.name} has no supervisor any more"

    def _expect(self, path: str) -> None:
        """One probe: fail fast when a component is dead, else say what the server says."""
        trouble = self.diagnose()
        if trouble:
            raise ClusterError(trouble)
        if not (self.paths.pki / "complete").exists():
            raise NotYet("certificates are being made")
        from ephemeral.clusters.local.api import Api  # its TLS takes longer to import than `down` takes to run

        status, answer = Api(self.kubeconfig).request("GET", path)
        if status != _OK:
            raise NotYet(f"{status or 'no answer'}: {answer[-300:]}")

    def _log_tail(self, component: str) -> list[str]:
        try:
            text = (self.paths.logs / f"{component}.log").read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            return [f"    (no log: {error.strerror})"]
        return [f"    {line}" for line in text.splitlines()[-_LOG_LINES:]]


#: Local and short waits: a poll costs a millisecond.
_QUICK: Any = {"interval": 0.005, "max_interval": 0.02}


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGESIZE")
