"""Everything that lets components and users of one environment trust each other, written in one go."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

from ephemeral.clusters.local import pki
from ephemeral.clusters.local.paths import Paths

#: Who makes volumes; Pod Security lets only this user mount host paths (`launch.py`).
STORAGE_USER = "ephemeral:storage"

#: Who probes the isolation from inside, by pods that mount the machine's programs; only ever impersonated.
VERIFY_USER = "ephemeral:verify"

_SERVER_NAMES = [
    "localhost",
    "127.0.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
]


def write_credentials(paths: Paths, name: str, server: str, addresses: Sequence[str], *, node: str = "") -> None:
    """Make authorities, certificates, the ServiceAccount key and the kubeconfig; then say that they are complete.

    ``server`` is the API server's URL, ``addresses`` the IP addresses that it answers at; ``node`` the name of a real
    node, which gets an identity of its own.
    """
    directory = paths.pki
    directory.mkdir(mode=0o700)
    authority = pki.make_authority("ephemeral")
    authority.write(directory, "ca")
    pki.make_server(authority, "kube-apiserver", [*_SERVER_NAMES, *addresses]).write(directory, "apiserver")
    front_proxy = pki.make_authority("ephemeral-front-proxy")
    front_proxy.write(directory, "front-proxy-ca")
    pki.make_client(front_proxy, "front-proxy-client").write(directory, "front-proxy-client")
    token_key = pki.make_key()
    pki.write_private(directory / "service-account.key", pki.key_pem(token_key))
    pki.write_private(directory / "service-account.pub", pki.public_pem(token_key))
    administrator = pki.make_client(authority, "ephemeral-admin", "system:masters")
    administrator.write(directory, "admin")
    _write_kubeconfig(paths.kubeconfig, name, server, authority, administrator)
    if node:
        _write_node_identity(paths, name, server, authority, node, addresses)
    (directory / "complete").touch()


def _write_node_identity(
    paths: Paths, name: str, server: str, authority: pki.Identity, node: str, addresses: Sequence[str]
) -> None:
    """Kubelet's certificates as server and client, the one that the API server shows to kubelet, and storage's."""
    pki.make_server(authority, node, [node, *addresses]).write(paths.pki, "kubelet")
    pki.make_client(authority, "kube-apiserver", "system:masters").write(paths.pki, "kubelet-client")
    identity = pki.make_client(authority, f"system:node:{node}", "system:nodes")
    _write_kubeconfig(paths.settings / "kubelet.kubeconfig", name, server, authority, identity)
    storage = pki.make_client(authority, STORAGE_USER, "system:masters")
    _write_kubeconfig(paths.settings / "storage.kubeconfig", name, server, authority, storage)


def _write_kubeconfig(path: Path, name: str, server: str, authority: pki.Identity, user: pki.Identity) -> None:
    """JSON is YAML: no dumper is needed. Embedded data, so that the file can be copied anywhere."""
    context = f"ephemeral-{name}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": context,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": _base64(authority.certificate_pem()),
                },
            }
        ],
        "users": [
            {
                "name": context,
                "user": {
                    "client-certificate-data": _base64(user.certificate_pem()),
                    "client-key-data": _base64(user.key_pem()),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": "default"}}],
        "current-context": context,
    }
    pki.write_private(path, json.dumps(config, indent=2).encode())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
