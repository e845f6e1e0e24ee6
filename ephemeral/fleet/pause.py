"""Stop the processes of a local cluster, all but its supervisor, and let them run again."""

import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ephemeral.clusters.local import record

if TYPE_CHECKING:
    from ephemeral.clusters.local.cluster import LocalCluster

#: Who answers runs before who asks: otherwise the first thing a controller sees is a timeout.
_ORDER = ("etcd", "kube-apiserver", "kwok", "kube-scheduler", "kube-controller-manager")


def pause(cluster: "LocalCluster") -> None:
    """Stop them, clients first. The cluster costs no processor time until `resume`."""
    _signal(cluster, reversed(_ORDER), signal.SIGSTOP)


def resume(cluster: "LocalCluster") -> None:
    """Let them run again, servers first."""
    _signal(cluster, _ORDER, signal.SIGCONT)


def _signal(cluster: "LocalCluster", names: Iterable[str], number: signal.Signals) -> None:
    processes = cluster.processes()
    for name in names:
        if name in processes:
            record.signal_process(processes[name], number)
