"""The machine as an environment with real nodes could change it: compared before and after."""

import os
import subprocess
from pathlib import Path

from ephemeral.clusters.state import state_key, state_root
from ephemeral.waiting import Deadline, NotYet, wait_until

#: What kubelet, kube-proxy and Cilium write where no namespace holds it, and what routing would need.
_SYSCTLS = (
    "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
    "vm/overcommit_memory", "vm/panic_on_oom", "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/all/rp_filter", "net/netfilter/nf_conntrack_max",
    "net/core/bpf_jit_enable", "net/ipv4/ip_unprivileged_port_start",
)  # fmt: skip
_PROGRAMS = ("containerd", "kubelet", "kube-proxy", "keeper.py", "coredns")
_PLACES = ("/run", "/run/netns", "/var/lib", "/var/log", "/var/tmp", "/etc/cni", "/opt/cni", "/usr/libexec")


def snapshot() -> dict[str, list[str]]:
    """Mounts, links, routes, firewall rules, cgroups, sysctls and the names in places that nodes write to."""
    return {
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "links": _names(Path("/sys/class/net")),
        "routes": _output("ip", "route", "show", "table", "all"),
        "rules": _output("nft", "list", "ruleset"),
        "cgroups": sorted(path for path in _cgroups() if state_key() in path),
        "sysctls": [f"{name} {_read(name)}" for name in _SYSCTLS],
        "places": [f"{place}/{name}" for place in _PLACES for name in _names(Path(place))],
        "processes": sorted(_processes()),
    }


def changes(before: dict[str, list[str]]) -> list[str]:
    """What is there that was not, a line each; empty when nothing is."""
    after = snapshot()
    return [f"{key}: {line}" for key in before for line in after[key] if line not in before[key]]


def wait_unchanged(before: dict[str, list[str]], seconds: float = 15) -> None:
    def attempt() -> None:
        if left := changes(before):
            raise NotYet("\n".join(left))

    wait_until(attempt, deadline=Deadline(seconds), what="the machine as it was", max_interval=0.2)


def _cgroups() -> list[str]:
    return [f"{folder}/{name}" for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names]


def _processes() -> list[str]:
    """Programs of our nodes, by command line; their pids would differ anyway."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        ours = state_key() in words or str(state_root()) in words
        if ours and any(name in words for name in _PROGRAMS):
            found.append(words[:200])
    return found


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _output(*command: str) -> list[str]:
    return sorted(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())


def _read(name: str) -> str:
    path = Path("/proc/sys") / name
    return path.read_text().strip() if path.exists() else "-"
