"""`network: cilium`: NetworkPolicies among pods are enforced, by Cilium as processes of the environment.

Everything of it lies in the environment: its BPF file system is mounted in the mount namespace, its programs hang on
links of the network namespace, and both go with them. kube-proxy stays. The flags were found by running it on a machine
with version 1 cgroups and no other network than the environment's.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real.addresses import Addresses
from ephemeral.errors import ToolError
from ephemeral.process import run
from ephemeral.tools.places import cache_dir

PROGRAMS = ("cilium-agent", "cilium-operator", "cilium-cni", "clang-19", "llc-19", "iptables", "ipset")
_MODULE = "github.com/cilium/cilium"
_FETCH_SECONDS = 600.0


def is_in(programs: Mapping[str, Path]) -> bool:
    """Whether an environment with these programs has Cilium as its network."""
    return "cilium-agent" in programs


def controller_manager_flags(addresses: Addresses) -> list[str]:
    """Cilium's address management reads the node's range from the Node object."""
    prefix = addresses.pods.prefixlen
    return ["--allocate-node-cidrs", f"--cluster-cidr={addresses.pods}", f"--node-cidr-mask-size={prefix}"]


def mounts(paths: Paths) -> list[list[str]]:
    """File systems that PID 1 mounts for the agent: type and target."""
    return [["bpf", str(_bpf(paths))], ["cgroup2", str(_cgroup(paths))]]


def agent_arguments(paths: Paths, addresses: Addresses) -> list[str]:
    """The agent's command line; its node's name stands in its environment."""
    return [
        f"--k8s-kubeconfig-path={paths.kubeconfig}",
        "--ipam=kubernetes",
        "--routing-mode=native",
        f"--ipv4-native-routing-cidr={addresses.pods}",
        "--enable-ipv6=false",
        "--enable-ipv4-masquerade=false",  # the edge does that
        "--kube-proxy-replacement=false",
        "--enable-l7-proxy=false",
        "--enable-hubble=false",
        "--enable-health-checking=false",
        "--enable-endpoint-health-checking=false",
        "--identity-allocation-mode=crd",
        "--policy-cidr-match-mode=nodes",  # the API server is a process of the node, reached at its address
        f"--lib-dir={paths.settings}",
        f"--state-dir={paths.volatile / 'cilium'}",
        f"--bpf-root={_bpf(paths)}",
        f"--cgroup-root={_cgroup(paths)}",
        f"--socket-path={socket(paths)}",
        "--gops-port=0",
    ]


def operator_arguments(paths: Paths) -> list[str]:
    """The operator's command line; it registers the CRDs."""
    return [
        f"--k8s-kubeconfig-path={paths.kubeconfig}",
        "--ipam=kubernetes",
        "--enable-gops=false",
        "--operator-prometheus-serve-addr=",
    ]


def socket(paths: Paths) -> Path:
    """Where the plugin, which containerd runs, finds the agent (CILIUM_SOCK)."""
    return paths.volatile / "cilium.sock"


def write_files(paths: Paths, programs: Mapping[str, Path]) -> None:
    """The CNI configuration, aside until the agent answers, and what the agent compiles its programs from and with."""
    plugin = {"type": "cilium-cni", "log-file": str(paths.logs / "cilium-cni.log")}
    conflist = {"cniVersion": "0.3.1", "name": "cilium", "plugins": [plugin]}
    (paths.settings / "cilium.conflist").write_text(json.dumps(conflist), encoding="utf-8")
    (paths.settings / "bpf").symlink_to(bpf_sources())
    tools = compiler_folder(paths)
    tools.mkdir()
    for name in ("clang", "llc"):
        (tools / name).symlink_to(programs[f"{name}-19"])


def compiler_folder(paths: Paths) -> Path:
    """A folder for PATH in which the compiler has the name that the agent calls it by."""
    return paths.settings / "bin"


def bpf_sources() -> Path:
    """The sources of its BPF programs, which lie in its Go module; kept in the cache. Raises ToolError."""
    from ephemeral.tools.table import pinned

    version = pinned("cilium-agent").version
    folder = cache_dir() / "tools" / "cilium-bpf" / version
    if not folder.exists():
        go = shutil.which("go")
        if go is None:
            raise ToolError("the sources of Cilium's BPF programs come with its Go module.", hint="Install Go.")
        found = run([go, "mod", "download", "-json", f"{_MODULE}@v{version}"], timeout=_FETCH_SECONDS, cwd=Path("/"))
        new = folder.with_name(f"{version}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(Path(json.loads(found.stdout)["Dir"]) / "bpf", new, copy_function=shutil.copyfile)
        subprocess.run(["chmod", "-R", "u+w", new], check=True)  # modules are read-only
        new.rename(folder)
    return folder


def components(make: Any, paths: Paths, addresses: Addresses, node: str, connected: dict[str, Any]) -> list[Any]:
    """Operator, agent, and the moment at which containerd learns of the network."""
    agent, conflist = socket(paths), paths.settings / "cilium.conflist"
    return [
        make("cilium-operator", operator_arguments(paths), after=connected),
        make("cilium-agent", agent_arguments(paths, addresses), after=connected, env={"K8S_NODE_NAME": node}),
        make(
            "cilium-network",
            [str(conflist), str(paths.cni / "05-cilium.conflist")],
            program="/bin/cp",
            after={"unix": str(agent)},
            done=str(paths.volatile / "cilium-network"),
        ),
    ]


def _bpf(paths: Paths) -> Path:
    return paths.volatile / "bpf"


def _cgroup(paths: Paths) -> Path:
    return paths.volatile / "cgroup2"
