"""What a young API server with real nodes needs before it is of use, and how to tell that it is."""

import json
import secrets
import socket
import struct
from typing import Any

from ephemeral.clusters.local.api import Api
from ephemeral.clusters.local.furnish import create
from ephemeral.clusters.local.real.addresses import Addresses
from ephemeral.clusters.local.real.node_files import keeps_node_files, node_file_objects
from ephemeral.clusters.local.real.settings import DOMAIN, NODE
from ephemeral.clusters.local.real.storage import storage_objects
from ephemeral.waiting import Deadline, NotYet, wait_until

_OK = 200
_DNS_SECONDS = 0.5


def create_cluster_objects(
    api: Api, addresses: Addresses, deadline: Deadline, *, volumes: bool, pod_security: str
) -> None:
    """Create the Service that cluster DNS answers at, what volumes need, and what keeps them off the node's files."""
    ports = [{"name": name, "protocol": name.upper(), "port": 53} for name in ("udp", "tcp")]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"clusterIP": str(addresses.dns), "ports": [{**port, "targetPort": 53} for port in ports]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kube-dns", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [str(addresses.node)], "conditions": {"ready": True}}],
        "ports": ports,
    }
    create(api, "/api/v1/namespaces/kube-system/services", service, deadline)
    create(api, "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", endpoints, deadline)
    for path, item in storage_objects() if volumes else ():
        create(api, path, item, deadline)
    for path, item in node_file_objects(pod_security) if keeps_node_files(pod_security) else ():
        create(api, path, item, deadline)


def expect_node(api: Api) -> None:
    """Raise NotYet, with what kubelet says, until the node is Ready and takes pods."""
    status, answer = api.request("GET", f"/api/v1/nodes/{NODE}")
    if status != _OK:
        raise NotYet(f"node {NODE}: {status or 'no answer'}: {answer[-200:]}")
    node = json.loads(answer)
    conditions: list[dict[str, Any]] = node.get("status", {}).get("conditions", [])
    ready: dict[str, Any] = next((one for one in conditions if one["type"] == "Ready"), {})
    if ready.get("status") != "True":
        raise NotYet(f"node {NODE} is not Ready: {ready.get('message', 'it has not reported yet')}")
    if taints := [taint["key"] for taint in node["spec"].get("taints", [])]:
        raise NotYet(f"node {NODE} takes no pods yet: {', '.join(taints)}")


def wait_for_dns(addresses: Addresses, deadline: Deadline) -> None:
    """Return once cluster DNS answers at its ClusterIP, by way of kube-proxy, as it does for pods."""
    wait_until(lambda: _look_up(str(addresses.dns)), deadline=deadline, what="cluster DNS", interval=0.01)


def _look_up(server: str) -> None:
    """Ask for the Service `kubernetes`: header and question of RFC 1035, section 4."""
    number = secrets.token_bytes(2)
    labels = f"kubernetes.default.svc.{DOMAIN}".split(".")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = number + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(_DNS_SECONDS)
        try:
            connection.connect((server, 53))
            connection.send(question)
            answer = connection.recv(512)
        except OSError as error:
            raise NotYet(f"{server}: {error.strerror or error}") from error
    _, flags, _, answers = struct.unpack_from(">2sHHH", answer)
    if not answers:
        raise NotYet(f"{server} knows no kubernetes.default.svc yet (code {flags & 0xF})")
