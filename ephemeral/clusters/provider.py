"""The seam between an environment and whatever makes its virtual cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ephemeral.kube.services import ServicePort
    from ephemeral.leases import Lease
    from ephemeral.progress import Progress
    from ephemeral.spec.model import Spec
    from ephemeral.spec.presets import Policy
    from ephemeral.waiting import Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Vantage:
    """Where `ephemeral verify isolation` looks from: what its pods run, and what may not be reached from them.

    ``image`` is on every node; its pods run the program ``python``, from ``folders`` of the node unless they are empty,
    created as ``user``, whom Pod Security exempts. ``machine`` are addresses that lead to the machine from inside.
    ``pod_files`` is where the machine would see the volumes of pods, ``outbound`` whether anything leaves at all.
    """

    image: str
    folders: tuple[str, ...]
    python: str
    user: str
    machine: tuple[str, ...]
    pod_files: Path
    outbound: bool


class Cluster(Protocol):
    """One virtual cluster, ready or on its way."""

    name: str
    lease: "Lease"
    keeps_policy: bool
    """Whether its host keeps quota, limits and network rules; else its own API has to."""

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        ...

    @property
    def policy(self) -> "Policy":
        """The isolation policy that it was made with. Raises ClusterError when that was not written down."""
        ...

    def adopt(self, policy: "Policy") -> None:
        """Write down what a deployment has put in force: quota and limits may change while it runs."""
        ...

    @property
    def vantage(self) -> Vantage | None:
        """From where its isolation can be probed; None where nothing runs."""
        ...

    def wait_answering(self, deadline: "Deadline") -> None:
        """Return once the API answers a LIST. Raises ClusterError at once when it never will."""
        ...

    def wait_ready(self, deadline: "Deadline") -> None:
        """Return once the cluster is usable: `/readyz` answers and the default ServiceAccount exists."""
        ...

    def detach(self) -> None:
        """Let the cluster outlive this process; from now on its lease alone bounds its life."""
        ...

    def reach(self, port: "ServicePort") -> tuple[str, int]:
        """Open a Service's port to this machine and return host and port at which it is reached from here.

        Raises ClusterError where nothing can answer.
        """
        ...

    def publish(self, port: "ServicePort", path: str) -> str | None:
        """Have others than this machine reach a Service, and return its URL; None where nothing can serve it."""
        ...

    def load_image(self, archive: Path, name: str | None) -> tuple[str, ...]:
        """Load an image archive where its pods run and return the full names by which they find its images.

        ``name`` is for its one image. Raises SpecError, ProgramError; ClusterError where nothing runs.
        """
        ...

    def own_network(self) -> tuple[Sequence[str], Sequence[str]]:
        """Address ranges (CIDR) of its own that pods must be allowed to reach, and to be reached from.

        Where NetworkPolicies are enforced they would else cut pods off from the API server, and the machine from pods.
        """
        ...

    def renew(self, lease: "Lease") -> None:
        """Stamp a new lease in place of the old one."""
        ...

    def describe(self) -> dict[str, Any]:
        """What `status` and `list` show: provider, version, state and what it runs on."""
        ...

    def component_logs(self) -> Mapping[str, Path]:
        """Log files of the programs that the cluster consists of, by program."""
        ...

    def diagnose(self) -> str:
        """Why it is not well, in the words of its own programs; empty when nothing is known to be wrong."""
        ...


class Provider(Protocol):
    """Makes, finds and removes virtual clusters. One contract suite (tests/contract) holds for all of them."""

    def create(self, spec: "Spec", policy: "Policy", lease: "Lease", progress: "Progress") -> Cluster:
        """Begin to create the cluster ``spec.name``; the lease is stamped first.

        The cluster dies with this process until ``detach`` is called. Raises NameTakenError when it exists.
        """
        ...

    def get(self, name: str) -> Cluster:
        """Find a cluster by name. Raises NoEnvironmentError."""
        ...

    def list(self) -> Sequence[Cluster]:
        """Every cluster of this provider, dead ones included."""
        ...

    def delete(self, name: str, *, force: bool = False) -> bool:
        """Remove the cluster and all that belongs to it; False when there was none. Needs only the name.

        ``force`` strips finalizers that hold it up, from its own objects only.
        """
        ...
