"""The peers: `kwokctl`, and etcd + kube-apiserver the way envtest (controller-runtime) starts them."""

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.contenders import Figures, Programs, expect_nothing_left, run, seconds_of
from bench.probe import Probe
from bench.processes import Cluster
from ephemeral.clusters.local import pki
from ephemeral.tools.places import cache_dir

KWOK_VERSION = "0.8.0"
_ENVTEST_POLL_SECONDS = 0.1
_FLAGS = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok": "kwok-controller",
}


def find_kwokctl() -> Path:
    """The one on PATH, else one built with `go` into the cache, once."""
    if found := shutil.which("kwokctl"):
        return Path(found)
    folder = cache_dir() / "bench" / KWOK_VERSION
    if not (folder / "kwokctl").exists():
        print(f"building kwokctl {KWOK_VERSION}, once ...", flush=True)
        variables = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": ""}
        argv = ["go", "install", "-trimpath", f"sigs.k8s.io/kwok/cmd/kwokctl@v{KWOK_VERSION}"]
        subprocess.run(argv, env=variables, cwd="/", check=True)
    return folder / "kwokctl"


def kwokctl(programs: Programs, binary: Path) -> Figures:
    """`kwokctl create cluster` and `delete cluster`: binary runtime, the same programs, its own settings."""
    with tempfile.TemporaryDirectory(prefix="kwokctl-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        variables = {"PATH": os.defpath, "HOME": name, "KWOK_WORKDIR": name, "KUBECONFIG": f"{name}/config"}
        create = [str(binary), "create", "cluster", "--name=bench", "--runtime=binary", "--wait=60s"]
        create += [f"--{flag}-binary={programs[program]}" for program, flag in _FLAGS.items()]
        delete = [str(binary), "delete", "cluster", "--name=bench"]
        cluster = Cluster(folder, programs.values())
        try:
            with Probe(folder / "clusters" / "bench" / "kubeconfig.yaml", cluster) as probe:
                run(create, variables, folder)
                returned = time.monotonic() - probe.begin
                probe.wait()
                down = seconds_of(delete, variables, folder)
                return {**probe.figures(), "returned": returned, "down": down}
        finally:
            with suppress(RuntimeError):  # nothing to delete any more
                run(delete, variables, folder)
            expect_nothing_left(cluster)


def envtest(programs: Programs) -> Figures:
    """envtest's default arguments, order, polling and SIGTERM; its certificates are made before the clock starts."""
    with tempfile.TemporaryDirectory(prefix="envtest-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        etcd_port, peer_port, port = _free_ports(3)
        kubeconfig = _envtest_credentials(folder, port)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            with Probe(kubeconfig, Cluster(folder, programs.values()), wanted=("started", "ready")) as probe:
                processes.append(_start(programs["etcd"], _envtest_etcd(folder, etcd_port, peer_port)))
                while not _is_healthy(etcd_port):
                    time.sleep(_ENVTEST_POLL_SECONDS)
                processes.append(_start(programs["kube-apiserver"], _envtest_apiserver(folder, etcd_port, port)))
                probe.wait()
                begin = time.monotonic()
                for process in reversed(processes):
                    process.terminate()
                    process.wait()
                figures = probe.figures()
                return {**figures, "returned": figures["ready"], "down": time.monotonic() - begin}
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _envtest_etcd(folder: Path, port: int, peer_port: int) -> list[str]:
    url = f"http://127.0.0.1:{port}"
    return [
        f"--data-dir={folder}/etcd",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        "--unsafe-no-fsync=true",
    ]


def _envtest_apiserver(folder: Path, etcd_port: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--cert-dir={folder}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--allow-privileged=true",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--client-ca-file={folder}/ca.crt",
        "--service-account-issuer=https://127.0.0.1/",
        f"--service-account-key-file={folder}/sa.pub",
        f"--service-account-signing-key-file={folder}/sa.key",
    ]


def _envtest_credentials(folder: Path, port: int) -> Path:
    authority = pki.make_authority("envtest")
    authority.write(folder, "ca")
    pki.make_client(authority, "admin", "system:masters").write(folder, "admin")
    pki.make_server(authority, "127.0.0.1", ["localhost", "127.0.0.1"]).write(folder, "apiserver")
    key = pki.make_key()
    pki.write_private(folder / "sa.key", pki.key_pem(key))
    pki.write_private(folder / "sa.pub", pki.public_pem(key))
    config = folder / "kubeconfig"
    config.write_text(
        f"clusters: [{{cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n"
        f"users: [{{user: {{client-certificate: {folder}/admin.crt, client-key: {folder}/admin.key}}}}]\n"
    )
    return config


def _start(program: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_ports(count: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports
