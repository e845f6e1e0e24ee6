"""Bring up a new environment: stamp, start its supervisor, then write what the processes wait for."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ephemeral.clusters import record
from ephemeral.clusters.local.components import (
    KUBERNETES_SERVICE_IP,
    ON_THE_MACHINE,
    Component,
    control_plane,
    simulated_nodes,
)
from ephemeral.clusters.local.credentials import STORAGE_USER, VERIFY_USER, write_credentials
from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.state import check_ours
from ephemeral.images import read_imports
from ephemeral.leases import Lease
from ephemeral.spec.model import Spec
from ephemeral.spec.presets import Policy

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


def launch(
    paths: Paths, lock: int, spec: Spec, policy: Policy, lease: Lease, kubernetes: str, programs: Mapping[str, Path]
) -> int:
    """Start everything and return the descriptor whose closing ends it all; the supervisor holds ``lock`` as well.

    The record with the lease is written before the first process or directory exists besides it.
    """
    record.write_json(paths.record, _record_of(spec, policy, lease, kubernetes))
    for directory in (paths.volatile, paths.disk) if spec.cluster.nodes == "real" else (paths.volatile,):
        for part in (directory.parent.parent, directory.parent, directory):
            check_ours(part)
    paths.logs.mkdir(mode=0o700)
    os.mkfifo(paths.control, 0o600)
    record.write_json(paths.home / "admission.json", _admission(policy))
    reader, writer = os.pipe()
    try:
        if spec.cluster.nodes == "real":
            _start_real(paths, [lock, reader], spec, policy, lease, programs)
        else:
            _start_simulated(paths, [lock, reader], spec, lease, programs)
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    return writer


def _start_simulated(
    paths: Paths, descriptors: list[int], spec: Spec, lease: Lease, programs: Mapping[str, Path]
) -> None:
    with _reserve_port() as port_holder:
        port = port_holder.getsockname()[1]
        components = control_plane(programs, paths, port, apiserver=ON_THE_MACHINE)
        _write_plan(paths, lease, [*components, simulated_nodes(programs, paths, port)])
        forking = _start_supervisor(paths, descriptors[1], [*descriptors, port_holder.fileno()])
    try:
        # etcd boots while the certificates are made; the API server waits for them.
        write_credentials(paths, spec.name, f"https://127.0.0.1:{port}", [KUBERNETES_SERVICE_IP])
    finally:
        forking.wait()  # it has forked the supervisor, which is nobody's child and leaves us no zombie


def _start_real(
    paths: Paths,
    descriptors: list[int],
    spec: Spec,
    policy: Policy,
    lease: Lease,
    programs: Mapping[str, Path],
) -> None:
    from ephemeral.clusters.local.real import cilium, components, settings
    from ephemeral.clusters.local.real.addresses import claim_addresses
    from ephemeral.clusters.local.real.cgroups import cgroup_of
    from ephemeral.clusters.local.real.edge import API_GROUP, API_PORT
    from ephemeral.clusters.local.real.root import start_keeper

    imports = read_imports(spec.images)
    addresses, claim = claim_addresses()
    cgroup = cgroup_of(spec.name)
    record.write_json(paths.record, record.read_json(paths.record) | {"network": str(addresses.network)})
    with claim:
        components.write_settings(paths, programs, addresses, spec, policy, cgroup)
        plane = control_plane(
            programs,
            paths,
            API_PORT,
            services=str(addresses.services),
            apiserver=_with_kubelet(paths, str(addresses.node)),
            controllers=cilium.controller_manager_flags(addresses) if cilium.is_in(programs) else (),
        )
        next(each for each in plane if each["name"] == "kube-apiserver")["group"] = API_GROUP
        _write_plan(
            paths,
            lease,
            [*plane, *components.real_node(programs, paths, addresses)],
            namespaces=components.namespaces(paths, programs, addresses, spec, cgroup, imports),
            actions=components.actions(programs),
        )
        start_keeper(paths.plan, [*descriptors, claim.fileno()], paths.logs / "supervisor.log")
    write_credentials(
        paths,
        spec.name,
        f"https://{addresses.node}:{API_PORT}",
        [str(addresses.node), str(addresses.kubernetes)],
        node=settings.NODE,
    )


def _with_kubelet(paths: Paths, node: str) -> list[str]:
    """Flags of an API server with nodes to talk to, alone in a network of its own."""
    return [
        f"--advertise-address={node}",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={paths.pki}/ca.crt",
        f"--kubelet-client-certificate={paths.pki}/kubelet-client.crt",
        f"--kubelet-client-key={paths.pki}/kubelet-client.key",
    ]


def _record_of(spec: Spec, policy: Policy, lease: Lease, kubernetes: str) -> dict[str, Any]:
    return {
        "name": spec.name,
        "provider": "local",
        "nodes": spec.cluster.nodes,
        "pod-network": spec.cluster.network if spec.cluster.nodes == "real" else "none",
        "kubernetes": kubernetes,
        "pod-security": policy.pod_security or "privileged",
        "policy": asdict(policy),
        "outbound": spec.cluster.outbound,
        "lease": lease.to_dict(),
        "creator": record.this_process(),
        "boot-id": record.boot_id(),
    }


def _reserve_port() -> socket.socket:
    """A free port that stays ours: bound here and in the supervisor, shared only with the API server.

    Linux lets no other user's process join a port held with SO_REUSEPORT (socket(7)).
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


def _write_plan(paths: Paths, lease: Lease, components: list[Component], **more: Any) -> None:
    bases = [directory.parent for directory in (paths.volatile, paths.disk)]
    plan = {
        "home": str(paths.home),
        "record": str(paths.record),
        "processes": str(paths.processes),
        "failure": str(paths.failure),
        "control": str(paths.control),
        "log": str(paths.logs / "supervisor.log"),
        "remove": [str(paths.volatile), str(paths.disk), str(paths.home)],
        "remove-if-empty": [str(directory) for base in bases for directory in (base, base.parent)],
        "expires-at": lease.expires_at.timestamp(),
        "components": components,
        "actions": {},
        **more,
    }
    paths.plan.write_text(json.dumps(plan), encoding="utf-8")


def _start_supervisor(paths: Paths, owner: int, descriptors: list[int]) -> "subprocess.Popen[bytes]":
    with (paths.logs / "supervisor.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), str(paths.plan), str(owner), "--fork"],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.defpath},
            start_new_session=True,
        )


def _admission(policy: Policy) -> dict[str, Any]:
    """Pod Security for every namespace, present and future, enforced by the API server itself."""
    defaults: dict[str, str] = {}
    if policy.pod_security:
        for mode in ("enforce", "warn", "audit"):
            defaults[mode] = policy.pod_security
            defaults[f"{mode}-version"] = "latest"
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": defaults,
                    "exemptions": {"usernames": [STORAGE_USER, VERIFY_USER]},
                },
            }
        ],
    }
