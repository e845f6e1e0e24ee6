"""Stop the processes of a local cluster, all but its supervisor, and let them run again."""

import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ephemeral.clusters import record

if TYPE_CHECKING:
    from ephemeral.clusters.local.cluster import LocalCluster

_SERVERS = ("etcd", "kube-apiserver")
_CLIENTS = ("kwok", "kube-scheduler", "kube-controller-manager")


def pause(cluster: "LocalCluster") -> None:
    """Stop them, clients first. The cluster costs no processor time until it is resumed."""
    _signal(cluster, [*_CLIENTS, *reversed(_SERVERS)], signal.SIGSTOP)


def resume_servers(cluster: "LocalCluster") -> None:
    """Let what answers run again: controllers that wake up at the same time would delay the first answer."""
    _signal(cluster, _SERVERS, signal.SIGCONT)


def resume_clients(cluster: "LocalCluster") -> None:
    """Let the controllers run again."""
    _signal(cluster, _CLIENTS, signal.SIGCONT)


def _signal(cluster: "LocalCluster", names: Iterable[str], number: signal.Signals) -> None:
    processes = cluster.processes()
    for name in names:
        if name in processes:
            record.signal_process(processes[name], number)
