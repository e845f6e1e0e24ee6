"""From where an environment on a host is probed: pods on the host's nodes, from an image with Python."""

import socket
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from ephemeral.clusters.provider import HostSide, Vantage
from ephemeral.clusters.vcluster.copies import copy_of_service
from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import ClusterError
from ephemeral.kube.kubeconfig import read_access
from ephemeral.waiting import NotYet

IMAGE = "docker.io/library/python:3.13-alpine"
_HTTPS = 443


def vantage_of(stamp: Stamp) -> Vantage:
    """Raises ClusterError when it has no API any more."""
    host, name, namespace = stamp.host, stamp.name, stamp.namespace
    service = host.kube.get("v1", "Service", name, namespace)
    if service is None:
        raise ClusterError(f"{stamp.title} has no Service {name}, by which its API is reached.")
    side = HostSide(
        kubeconfig=host.kubeconfig,
        kube=host.kube,
        namespace=namespace,
        quota=f"vc-{name}",
        labels=f"app=vcluster,release={name}",
        api=(str(service["spec"]["clusterIP"]), _HTTPS),
        services=partial(_address, stamp),
    )
    return Vantage(
        image=IMAGE,
        folders=(),
        python="python3",
        user="",
        machine=_seen_from(host),
        pod_files=None,
        outbound=True,
        host=side,
    )


def _address(stamp: Stamp, namespace: str, name: str) -> str:
    """vcluster gives a Service the address that it has on the host, some moments after it was made."""
    copy = copy_of_service(stamp, namespace, name)
    if copy is None:
        raise NotYet("vcluster has not synced it yet")
    return str(copy["spec"]["clusterIP"])


def _seen_from(host: HostCluster) -> tuple[str, ...]:
    """The address of this machine on its way to the host; none when a tunnel or proxy of its own leads there."""
    server = urlsplit(read_access(host.kubeconfig, host.context).server)
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((server.hostname, server.port or _HTTPS))  # sends nothing
        address = str(probe.getsockname()[0])
        return () if address.startswith("127.") else (address,)
    return ()
