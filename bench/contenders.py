"""Who is measured: `ephemeral` as processes and as a library, kwokctl, and etcd + kube-apiserver as envtest does."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.probe import Probe
from ephemeral.clusters.local import pki

Result = dict[str, float]


def ephemeral_cli() -> Result:
    """`ephemeral up` and `ephemeral down`, each a process from its first import to its exit."""
    with tempfile.TemporaryDirectory() as folder:
        env = _environment(folder)
        command = [sys.executable, "-m", "ephemeral"]
        home = Path(folder) / "environments" / "bench"
        probe = Probe(lambda: home / "kubeconfig", str(home))
        begin = time.monotonic()
        arguments = ["up", "--name", "bench", "--nodes", "simulated", "-o", "json"]
        _run([*command, *arguments], env, folder)
        returned = time.monotonic() - begin
        probe.wait()
        begin = time.monotonic()
        _run([*command, "down", "bench"], env, folder)
        down = time.monotonic() - begin
        probe.stop()
        return {**probe.times, "returned": returned, "down": down, "peak-bytes": probe.peak_bytes}


_LIBRARY = """
import sys, time
import ephemeral
from ephemeral.spec.model import Cluster, Spec
begin = time.monotonic()
env = ephemeral.up(Spec(name="bench", cluster=Cluster(nodes="simulated")))
returned = time.monotonic() - begin
print("returned", returned, flush=True)
sys.stdin.readline()
begin = time.monotonic()
env.down()
print("down", time.monotonic() - begin, flush=True)
"""


def ephemeral_library() -> Result:
    """`ephemeral.up()` and `.down()` inside a Python process that has imported `ephemeral` already."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "environments" / "bench"
        env = _environment(folder)
        probe = Probe(lambda: home / "kubeconfig", str(home))
        process = subprocess.Popen(
            [sys.executable, "-c", _LIBRARY], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdin
        returned = float(process.stdout.readline().split()[1])
        probe.wait()
        process.stdin.write("\n")
        process.stdin.flush()
        down = float(process.stdout.readline().split()[1])
        process.communicate()
        probe.stop()
        return {**probe.times, "returned": returned, "down": down, "peak-bytes": probe.peak_bytes}


def kwokctl(programs: dict[str, Path], binary: Path) -> Result:
    """`kwokctl create cluster` and `delete cluster`, binary runtime, the same programs."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.defpath, "HOME": folder, "KWOK_WORKDIR": folder}
        config = Path(folder) / "clusters" / "bench" / "kubeconfig.yaml"
        flags = [f"--{name}-binary={programs[name]}" for name in programs if name not in ("kwok", "kubectl")]
        flags += [f"--kwok-controller-binary={programs['kwok']}", "--runtime=binary", "--wait=60s", "--name=bench"]
        env["KUBECONFIG"] = str(Path(folder) / "config")
        probe = Probe(lambda: config if config.exists() else None, folder)
        begin = time.monotonic()
        try:
            _run([str(binary), "create", "cluster", *flags], env, folder)
            returned = time.monotonic() - begin
            probe.wait()
        finally:
            begin = time.monotonic()
            _run([str(binary), "delete", "cluster", "--name=bench"], env, folder)
            down = time.monotonic() - begin
            probe.stop()
        return {**probe.times, "returned": returned, "down": down, "peak-bytes": probe.peak_bytes}


def envtest(programs: dict[str, Path]) -> Result:
    """etcd and kube-apiserver with the default arguments of controller-runtime's envtest."""
    folder = Path(tempfile.mkdtemp())
    etcd_port, peer_port, port = _free_port(), _free_port(), _free_port()
    kubeconfig = _envtest_credentials(folder, port)
    probe = Probe(lambda: kubeconfig, str(folder), wanted=("started", "ready"))
    processes = []
    try:
        etcd_url = f"http://127.0.0.1:{etcd_port}"
        processes.append(
            _start(
                programs["etcd"], f"--data-dir={folder}/etcd", f"--listen-client-urls={etcd_url}",
                f"--advertise-client-urls={etcd_url}", f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
                "--unsafe-no-fsync=true",
            )
        )  # fmt: skip
        while socket.socket().connect_ex(("127.0.0.1", etcd_port)):
            time.sleep(0.005)
        processes.append(
            _start(
                programs["kube-apiserver"], f"--etcd-servers={etcd_url}", f"--cert-dir={folder}",
                f"--secure-port={port}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
                "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true", "--authorization-mode=RBAC",
                "--disable-admission-plugins=ServiceAccount", f"--client-ca-file={folder}/ca.crt",
                f"--service-account-key-file={folder}/sa.pub", f"--service-account-signing-key-file={folder}/sa.key",
                "--service-account-issuer=https://127.0.0.1/",
            )
        )  # fmt: skip
        probe.wait()
    finally:
        begin = time.monotonic()
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(folder)
        down = time.monotonic() - begin
        probe.stop()
    return {**probe.times, "returned": probe.times["ready"], "down": down, "peak-bytes": probe.peak_bytes}


def seconds_of(argv: list[str]) -> float:
    """Wall time of one process."""
    begin = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def _environment(state: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EPHEMERAL_")}
    cache = {name: os.environ[name] for name in ("EPHEMERAL_CACHE_DIR", "EPHEMERAL_TOOLS_DIR") if name in os.environ}
    return {**kept, **cache, "EPHEMERAL_STATE_DIR": state}


def _run(argv: list[str], env: dict[str, str], folder: str) -> None:
    finished = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if finished.returncode:
        raise RuntimeError(f"{argv}: {finished.stdout}{finished.stderr}")


def _start(program: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


def _envtest_credentials(folder: Path, port: int) -> Path:
    authority = pki.make_authority("envtest")
    authority.write(folder, "ca")
    pki.make_client(authority, "admin", "system:masters").write(folder, "admin")
    key = pki.make_key()
    pki.write_private(folder / "sa.key", pki.key_pem(key))
    pki.write_private(folder / "sa.pub", pki.public_pem(key))
    config = folder / "kubeconfig"
    config.write_text(
        f"clusters: [{{cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n"
        f"users: [{{user: {{client-certificate: {folder}/admin.crt, client-key: {folder}/admin.key}}}}]\n"
    )
    return config
