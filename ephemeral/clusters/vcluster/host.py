"""The host cluster: which one, and a client for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ephemeral.errors import ClusterError

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.spec.model import Host as HostSpec

_PRECISION = timedelta(seconds=3)
_DEFAULT = "~/.kube/config"
#: What chooses a host where no ephemeral.yaml does, such as for `down` in another job (see `clusters.where`).
VARIABLES = {
    "kubeconfig": "EPHEMERAL_HOST_KUBECONFIG",
    "context": "EPHEMERAL_HOST_CONTEXT",
    "namespace": "EPHEMERAL_HOST_NAMESPACE",
}


@dataclass(frozen=True, kw_only=True)
class HostCluster:
    """A context of a kubeconfig; with ``namespace`` only that namespace of it is looked at or touched."""

    kubeconfig: Path
    context: str = ""
    namespace: str = ""

    @cached_property
    def kube(self) -> "Kube":
        """A client of its API. Raises ClusterError when there is no such kubeconfig or context."""
        from ephemeral.kube.client import connect

        try:
            return connect(self.kubeconfig, self.context)
        except ClusterError as error:
            hint = error.hint or "`cluster.host` in ephemeral.yaml or EPHEMERAL_HOST_KUBECONFIG says which host it is."
            raise ClusterError(f"host cluster: {error.message}", hint=hint) from error

    def now(self) -> datetime:
        """What the host's clock says: leases are judged by it, whatever this machine's clock says."""
        return self.kube.transport.server_time()

    def skew(self) -> timedelta:
        """How far the host's clock is ahead of this machine's, to the second."""
        ahead = self.now() - datetime.now(UTC)
        # The header that tells it has whole seconds, cut off: so little is no difference.
        return timedelta(seconds=round(ahead.total_seconds())) if abs(ahead) >= _PRECISION else timedelta()

    def to_dict(self) -> dict[str, str]:
        """Where it is; no credentials."""
        return {"kubeconfig": str(self.kubeconfig), "context": self.context, "namespace": self.namespace}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "HostCluster":
        """The inverse of ``to_dict``."""
        return cls(kubeconfig=Path(data["kubeconfig"]), context=data["context"], namespace=data["namespace"])


def host_of(spec: "HostSpec") -> HostCluster:
    """The host that a spec names, completed by the environment variables and kubectl's own rules."""
    return _completed(HostCluster(kubeconfig=Path(spec.kubeconfig), context=spec.context, namespace=spec.namespace))


def host_of_variables() -> HostCluster:
    """The host that EPHEMERAL_HOST_* name, else the one of kubectl."""
    return _completed(HostCluster(kubeconfig=Path()))


def _completed(host: HostCluster) -> HostCluster:
    given = {key: os.environ.get(name, "") for key, name in VARIABLES.items()}
    if host.kubeconfig == Path():
        # A pull request may not point elsewhere by halves: a context belongs to the kubeconfig that was named with it.
        files = (given["kubeconfig"] or os.environ.get("KUBECONFIG") or _DEFAULT).split(os.pathsep)
        host = replace(host, kubeconfig=Path(files[0]).expanduser().absolute())
    return replace(host, context=host.context or given["context"], namespace=host.namespace or given["namespace"])
