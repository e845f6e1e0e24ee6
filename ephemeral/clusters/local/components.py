"""The command lines of the control plane: what is started, with which flags, and after what.

Flags that save time are explained here; the figures behind them are in docs/architecture.md.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ephemeral.clusters.local.paths import Paths

SERVICE_RANGE = "10.96.0.0/16"
KUBERNETES_SERVICE_IP = "10.96.0.1"
ISSUER = "https://kubernetes.default.svc.cluster.local"

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SIMULATED_NODES = ("kwok",)

Component = dict[str, Any]


def control_plane(
    programs: Mapping[str, Path],
    paths: Paths,
    port: int,
    *,
    services: str = SERVICE_RANGE,
    apiserver: Sequence[str],
    controllers: Sequence[str] = (),
) -> list[Component]:
    """etcd, kube-apiserver, kube-scheduler and kube-controller-manager, in starting order.

    ``apiserver`` and ``controllers`` are flags of kube-apiserver and kube-controller-manager that depend on the nodes.
    """
    return [
        _component(paths, programs, "etcd", _etcd(paths), after={}),
        _component(
            paths,
            programs,
            "kube-apiserver",
            [*_apiserver(paths, port, services), *apiserver],
            after={"file": str(paths.pki / "complete"), "unix": str(paths.etcd_socket)},
        ),
        _component(paths, programs, "kube-scheduler", _scheduler(paths), after={"tcp": port}),
        _component(
            paths, programs, "kube-controller-manager", [*_controller_manager(paths), *controllers], after={"tcp": port}
        ),
    ]


#: Flags of an API server that shares the machine's network with whoever is there, and has no pods to serve.
ON_THE_MACHINE = (
    "--bind-address=127.0.0.1",
    "--permit-port-sharing",  # the supervisor holds the port with SO_REUSEPORT: nobody else can take it
    "--endpoint-reconciler-type=none",
    "--advertise-address=127.0.0.1",  # else it looks for a default route, which a machine without network has not
)


def simulated_nodes(programs: Mapping[str, Path], paths: Paths, port: int) -> Component:
    """KWOK: it keeps the nodes made by us Ready and walks their pods through life."""
    arguments = [
        f"--kubeconfig={paths.kubeconfig}",
        f"--config={Path(__file__).with_name('stages.yaml')}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-ip=192.0.2.1",
        "--cidr=198.18.0.0/15",
        "--node-lease-duration-seconds=40",
    ]
    return _component(paths, programs, "kwok", arguments, after={"tcp": port})


def _component(
    paths: Paths, programs: Mapping[str, Path], name: str, arguments: list[str], *, after: dict[str, Any]
) -> Component:
    return {
        "name": name,
        "argv": [str(programs[name]), *arguments],
        # No variable of the caller reaches a component: they may hold secrets, and proxies would break loopback.
        "env": {"PATH": os.defpath, "HOME": str(paths.home), **_ENVIRONMENT.get(name, {})},
        "log": str(paths.logs / f"{name}.log"),
        "after": after,
    }


def _etcd(paths: Paths) -> list[str]:
    peer = "http://127.0.0.1:2380"  # named, never listened on: there is one member
    return [
        "--name=ephemeral",
        f"--data-dir={paths.volatile / 'etcd'}",
        f"--listen-client-urls=unix://{paths.etcd_socket}",
        f"--advertise-client-urls=unix://{paths.etcd_socket}",
        f"--listen-peer-urls=unix://{paths.volatile / 'peer.sock'}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=ephemeral={peer}",
        "--unsafe-no-fsync",  # the data need not outlive the machine
        "--heartbeat-interval=10",  # an election of one: the default ticks cost half a second
        "--election-timeout=100",
        "--log-level=warn",
    ]


def _apiserver(paths: Paths, port: int, services: str) -> list[str]:
    pki = paths.pki
    return [
        f"--etcd-servers=unix://{paths.etcd_socket}",
        f"--secure-port={port}",
        f"--cert-dir={pki}",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-account-issuer={ISSUER}",
        f"--service-cluster-ip-range={services}",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",  # what pods may do is for Pod Security to say, namespace by namespace
        f"--admission-control-config-file={paths.home / 'admission.json'}",
        "--profiling=false",
    ]


def _scheduler(paths: Paths) -> list[str]:
    return [f"--kubeconfig={paths.kubeconfig}", "--leader-elect=false", "--secure-port=0", *_UNTHROTTLED]


def _controller_manager(paths: Paths) -> list[str]:
    pki = paths.pki
    return [
        f"--kubeconfig={paths.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--service-account-private-key-file={pki}/service-account.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        *_UNTHROTTLED,
    ]


#: The client-side limits (20 requests a second) are for shared API servers; they cost seconds at the start of this one.
_UNTHROTTLED = ["--kube-api-qps=1000", "--kube-api-burst=1000"]

#: Collecting garbage while it boots costs the API server a quarter of its start; the price is some 100 MiB.
_ENVIRONMENT = {"kube-apiserver": {"GOGC": "300"}}
