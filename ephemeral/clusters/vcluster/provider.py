"""The vcluster provider: create, find and remove virtual clusters on a host cluster."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ephemeral.clusters.vcluster.chart import install_chart
from ephemeral.clusters.vcluster.cluster import VclusterCluster
from ephemeral.clusters.vcluster.desk import Desk, desk_of
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.clusters.vcluster.remains import orphaned, remove_orphans
from ephemeral.clusters.vcluster.sizes import check_sizes
from ephemeral.clusters.vcluster.stamp import Stamp, check_name, create_stamp, find_stamp, list_stamps, why_doomed
from ephemeral.clusters.vcluster.teardown import delete
from ephemeral.clusters.vcluster.usage import Usage, usage_by_namespace
from ephemeral.clusters.vcluster.values import chart_values
from ephemeral.errors import ClusterError, NoEnvironmentError
from ephemeral.tools.vcluster import vcluster_release

if TYPE_CHECKING:
    from ephemeral.leases import Lease
    from ephemeral.progress import Progress
    from ephemeral.spec.model import HostIngress, Spec
    from ephemeral.spec.presets import Policy


class VclusterProvider:
    """Virtual clusters in namespaces of one host cluster (implements Provider)."""

    def __init__(self, host: HostCluster, *, server: str = "", ingress: "HostIngress | None" = None) -> None:
        """``server``: how the APIs of environments are reached, ``ingress`` their apps, as in `cluster.host`."""
        self.host = host
        self._server = server
        self._ingress = ingress

    def create(self, spec: "Spec", policy: "Policy", lease: "Lease", progress: "Progress") -> VclusterCluster:
        """Stamp, then install the chart; nothing is awaited. It ends with this process until detached."""
        check_sizes(policy)
        namespace = self.host.namespace or f"ephemeral-{spec.name}"
        values = chart_values(spec.cluster, policy, name=spec.name, namespace=namespace)
        now, skew = self.host.now(), self.host.skew()
        kubernetes = vcluster_release().kubernetes_version(spec.cluster.kubernetes)
        stamp = create_stamp(self.host, spec.name, lease.shifted(skew), policy, kubernetes=kubernetes, heartbeat=now)
        desk = desk_of(spec.name)
        owner = None
        try:
            desk.remove()  # of an earlier environment of that name
            desk.point(self.host)
            owner = desk.start_keeper(owned=True)
            chart = spec.cluster.host.chart
            install_chart(self.host, chart, values, name=spec.name, namespace=namespace, progress=progress)
        except BaseException:
            desk.remove()
            if owner is not None:
                os.close(owner)
            delete(self.host, spec.name, only=stamp.uid)
            raise
        return self._cluster(stamp, desk, owner)

    def get(self, name: str) -> VclusterCluster:
        """Find a cluster by name. Raises NoEnvironmentError, NameTakenError when the name is somebody else's."""
        stamp = find_stamp(self.host, name)
        if stamp is None:
            raise NoEnvironmentError(
                f"there is no environment {name} on the host.", hint="`ephemeral list --all` shows what there is."
            )
        return self._cluster(stamp, self._desk(stamp))

    def list(self) -> Sequence[VclusterCluster]:
        """Every environment with a lease on the host, by name."""
        stamps = sorted(self.stamps(), key=lambda stamp: stamp.name)
        return [self._cluster(stamp, self._desk(stamp)) for stamp in stamps]

    def stamps(self) -> Sequence[Stamp]:
        """Stamps with a lease that can be read; a label alone makes nothing ours."""
        found = []
        for stamp in list_stamps(self.host):
            try:
                stamp.check_ours()
            except ClusterError:
                continue
            found.append(stamp)
        return found

    def doomed(self) -> Mapping[str, str]:
        """Environments that should be gone by the host's clock, and why; what is not ours is none of them."""
        now = self.host.now()
        reasons = {stamp.name: why_doomed(stamp, now) for stamp in self.stamps()}
        orphans = {name: "its namespace is gone, other objects are not" for name, _, _ in orphaned(self.host)}
        return {**orphans, **{name: reason for name, reason in reasons.items() if reason}}

    def collect(self, name: str) -> None:
        """Remove what `doomed` named, unless somebody has renewed its lease meanwhile."""
        stamp = find_stamp(self.host, name)
        if stamp is None:
            remove_orphans(self.host, name)
        elif why_doomed(stamp, self.host.now()):
            self.delete(name)

    def delete(self, name: str, *, force: bool = False) -> bool:
        """Remove the environment and all that belongs to it, and prove it; False when there was none."""
        check_name(name)
        desk = desk_of(name)
        desk.end_keeper()
        removed = delete(self.host, name, force=force)
        desk.remove()
        return removed

    def usage(self) -> Mapping[str, Usage]:
        """What each environment takes on the host now, by name; those that nobody measures are missing."""
        measured = usage_by_namespace(self.host.kube, self.host.namespace)
        return {stamp.name: measured[stamp.namespace] for stamp in self.stamps() if stamp.namespace in measured}

    def _cluster(self, stamp: Stamp, desk: Desk, owner: int | None = None) -> VclusterCluster:
        return VclusterCluster(stamp, desk, server=self._server, ingress=self._ingress, owner=owner)

    def _desk(self, stamp: Stamp) -> Desk:
        return desk_of(stamp.name)
