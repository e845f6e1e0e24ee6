"""The command lines of a real node: what is started, with which flags, and after what."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real import cilium, settings, storage
from ephemeral.clusters.local.real.addresses import Addresses, machine_addresses
from ephemeral.clusters.local.real.edge import API_PORT, EXPOSE, OUTBOUND, OUTSIDE, edge_rules
from ephemeral.clusters.local.real.pause import pause_archive, pause_key
from ephemeral.clusters.local.real.root import SYSTEM_PATH, seeds_dir
from ephemeral.images import Import, ctr_argv, load_commands
from ephemeral.spec.model import Spec
from ephemeral.spec.presets import Policy

Component = dict[str, Any]

PROGRAMS = (
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    *settings.CNI_PLUGINS,
    "kubelet",
    "kube-proxy",
    "coredns",
    "nft",
)
OUTBOUND_PROGRAM = "slirp4netns"

#: Folders in which programs of a node write at fixed places (/var/log/containers, /run/netns, /var/lib/cni, ...).
_COVERED = ("/etc", "/run", "/var")


def real_node(programs: Mapping[str, Path], paths: Paths, addresses: Addresses) -> list[Component]:
    """containerd, kubelet, kube-proxy, CoreDNS, and whatever volumes and the pod network need."""
    socket = str(paths.containerd_socket)
    settings_of = {
        name: str(paths.settings / name) for name in ("containerd.toml", "kubelet", "kube-proxy", "Corefile")
    }
    files = [str(paths.connected), str(paths.pki / "complete")]
    connected = {"file": files, "tcp": API_PORT}
    kubelet = [
        f"--config={settings_of['kubelet']}",
        f"--kubeconfig={paths.settings / 'kubelet.kubeconfig'}",
        f"--hostname-override={settings.NODE}",
        f"--node-ip={addresses.node}",
        f"--root-dir={paths.disk / 'kubelet'}",
        f"--cert-dir={paths.pki}",
    ]
    make = _Maker(programs, paths)
    return [
        make(
            "containerd",
            [f"--config={settings_of['containerd.toml']}"],
            after={"file": str(_provided(paths))},
            env={"CILIUM_SOCK": str(cilium.socket(paths))} if cilium.is_in(programs) else {},
        ),
        make("kubelet", kubelet, after={**connected, "unix": socket}),
        make("kube-proxy", [f"--config={settings_of['kube-proxy']}"], after=connected),
        *(
            [make(storage.PROGRAM, storage.arguments(paths), after={"file": str(paths.furnished)})]
            if storage.PROGRAM in programs
            else []
        ),
        make("coredns", [f"-conf={settings_of['Corefile']}"], after=connected),
        *(cilium.components(make, paths, addresses, settings.NODE, connected) if cilium.is_in(programs) else []),
    ]


class _Maker:
    """Makes components that find their helpers (the shim, runc, nft) on PATH."""

    def __init__(self, programs: Mapping[str, Path], paths: Paths) -> None:
        self.programs, self.paths = programs, paths
        folders = dict.fromkeys(str(programs[name].parent) for name in PROGRAMS)
        first = [str(cilium.compiler_folder(paths))] if cilium.is_in(programs) else []
        self.path = ":".join([*first, *folders, SYSTEM_PATH])

    def __call__(
        self,
        name: str,
        arguments: list[str],
        *,
        after: dict[str, Any],
        program: str = "",
        done: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Component:
        return {
            "name": name,
            "argv": [program or str(self.programs[name]), *arguments],
            "env": {"PATH": self.path, "HOME": str(self.paths.volatile), **(env or {})},
            "log": str(self.paths.logs / f"{name}.log"),
            "after": after,
            **({"done": done} if done else {}),
        }


def write_settings(
    paths: Paths, programs: Mapping[str, Path], addresses: Addresses, spec: Spec, policy: Policy, cgroup: str
) -> None:
    """Write every configuration file of the node."""
    outbound = spec.cluster.outbound
    texts = {
        "containerd.toml": settings.containerd_config(paths, programs),
        "kubelet": json.dumps(settings.kubelet_config(paths, addresses, cgroup)),
        "kube-proxy": json.dumps(settings.kube_proxy_config(paths, addresses)),
        "Corefile": settings.corefile(paths, addresses, outbound=outbound),
        "resolv.conf": settings.resolv_conf(addresses, outbound=outbound),
        **(storage.settings_files(paths) if storage.PROGRAM in programs else {}),
        "edge.nft": edge_rules(addresses, policy, machine_addresses()),
        "machine.ip": f"address add {addresses.machine}/30 dev {addresses.interface}\n"
        f"link set {addresses.interface} up\n"
        f"route add {addresses.network} via {addresses.node}\n",
        "node.ip": f"address add {addresses.node}/30 dev {OUTSIDE}\nlink set {OUTSIDE} up\n",
    }
    paths.settings.mkdir(mode=0o700)
    paths.cni.mkdir(mode=0o700)
    for name, text in texts.items():
        (paths.settings / name).write_text(text, encoding="utf-8")
    (paths.settings / "pause.tar").write_bytes(pause_archive())
    if cilium.is_in(programs):
        cilium.write_files(paths, programs)
    else:
        (paths.cni / "10-ephemeral.conflist").write_text(json.dumps(settings.cni_config(paths, addresses)))


def namespaces(
    paths: Paths,
    programs: Mapping[str, Path],
    addresses: Addresses,
    spec: Spec,
    cgroup: str,
    imports: Sequence[Import],
) -> dict[str, Any]:
    """What the keeper is to make: the plan's `namespaces`."""
    files, nft = paths.settings, str(programs["nft"])
    enter = ["nsenter", "--net={network}"]
    kept = {paths.home, paths.volatile, paths.disk, *(programs[name].parent for name in programs)}
    return {
        "node": settings.NODE,
        "cgroup": cgroup,
        "logs": str(paths.logs),
        "overlay": str(paths.volatile / "overlay"),
        "cover": list(_COVERED),
        "keep": sorted({str(path) for path in kept if _is_covered(path)}),
        "files": {"/etc/resolv.conf": settings.resolv_conf(addresses, outbound=spec.cluster.outbound)},
        "mounts": cilium.mounts(paths) if cilium.is_in(programs) else [],
        "sysctls": {"/proc/sys/net/ipv4/ip_forward": "1"},
        "masked": settings.MASKED_SYSCTLS,
        "commands": [
            ["ip", "link", "add", addresses.interface, "type", "veth", "peer", "name", OUTSIDE, "netns", "{network}"],
            ["ip", "-batch", str(files / "machine.ip")],
            [*enter, "ip", "-batch", str(files / "node.ip")],
            [*enter, nft, "-f", str(files / "edge.nft")],
        ],
        "images": _images(paths, programs, imports),
        "outbound": _outbound(programs, addresses) if spec.cluster.outbound else [],
        "outbound-log": str(paths.logs / "outbound.log"),
        "connected": str(paths.connected),
    }


def _provided(paths: Paths) -> Path:
    return paths.volatile / "images-provided"


def _images(paths: Paths, programs: Mapping[str, Path], imports: Sequence[Import]) -> dict[str, Any]:
    """The images that are to be there before containerd starts: ours, and the archives of the spec."""
    pause = str(paths.settings / "pause.tar")
    wanted = {pause_key(): [ctr_argv(programs["ctr"], Path("{socket}"), "images", "import", pause)]}
    for each in imports:
        wanted[each.key] = load_commands(each.archive, each.name, ctr=programs["ctr"], socket=Path("{socket}"))
    return {
        "cache": str(seeds_dir()),
        "containerd": str(programs["containerd"]),
        "environment": {"PATH": SYSTEM_PATH},
        "wanted": wanted,
        "target": str(paths.disk / "containerd"),
        "scratch": str(paths.volatile / "seeding"),
        "provided": str(_provided(paths)),
    }


def actions(programs: Mapping[str, Path]) -> dict[str, list[str]]:
    """What the supervisor does when the control pipe says so."""
    return {"expose": [str(programs["nft"]), *EXPOSE[1:]]}


def _outbound(programs: Mapping[str, Path], addresses: Addresses) -> list[str]:
    """slirp4netns: connections go out as the machine's own, by a process, without forwarding or firewall rules."""
    return [
        str(programs[OUTBOUND_PROGRAM]),
        "--configure",
        "--mtu=65520",
        "--disable-host-loopback",
        f"--cidr={addresses.outbound}",
        "--netns-type=path",
        "--ready-fd={ready}",
        "{network}",
        OUTBOUND,
    ]


def _is_covered(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _COVERED)
