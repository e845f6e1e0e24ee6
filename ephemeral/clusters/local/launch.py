"""Bring up the supervisor of a new environment: stamp, start, then write what the processes wait for."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ephemeral.clusters.local import record
from ephemeral.clusters.local.components import Component, control_plane, simulated_nodes
from ephemeral.clusters.local.credentials import write_credentials
from ephemeral.clusters.local.paths import Paths, check_ours
from ephemeral.leases import Lease
from ephemeral.spec.model import Spec
from ephemeral.spec.presets import Policy

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


def launch(
    paths: Paths, lock: int, spec: Spec, policy: Policy, lease: Lease, kubernetes: str, programs: Mapping[str, Path]
) -> int:
    """Start everything and return the descriptor whose closing ends it all; the supervisor inherits ``lock``.

    The record with the lease is written before the first process or directory exists besides it.
    """
    record.write_json(paths.record, _record_of(spec, policy, lease, kubernetes))
    check_ours(paths.volatile.parent.parent)
    check_ours(paths.volatile.parent)
    check_ours(paths.volatile)
    paths.logs.mkdir(mode=0o700)
    with _reserve_port() as port_holder:
        port = port_holder.getsockname()[1]
        components = [*control_plane(programs, paths, port), simulated_nodes(programs, paths, port)]
        owner, forking = _start_supervisor(paths, lock, port_holder.fileno(), lease, components)
    try:
        # etcd boots while the certificates are made; the API server waits for them.
        record.write_json(paths.home / "admission.json", _admission(policy))
        write_credentials(paths, spec.name, port)
    except BaseException:
        os.close(owner)
        raise
    finally:
        forking.wait()  # it has forked the supervisor, which is nobody's child and leaves us no zombie
    return owner


def _record_of(spec: Spec, policy: Policy, lease: Lease, kubernetes: str) -> dict[str, Any]:
    return {
        "name": spec.name,
        "provider": "local",
        "nodes": spec.cluster.nodes,
        "kubernetes": kubernetes,
        "pod-security": policy.pod_security or "privileged",
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


def _start_supervisor(
    paths: Paths, lock: int, port_fd: int, lease: Lease, components: list[Component]
) -> tuple[int, "subprocess.Popen[bytes]"]:
    reader, writer = os.pipe()
    plan = {
        "home": str(paths.home),
        "record": str(paths.record),
        "processes": str(paths.processes),
        "failure": str(paths.failure),
        "remove": [str(paths.volatile), str(paths.home)],
        "remove-if-empty": [str(paths.volatile.parent), str(paths.volatile.parent.parent)],
        "expires-at": lease.expires_at.timestamp(),
        "owner-fd": reader,
        "components": components,
    }
    try:
        paths.plan.write_text(json.dumps(plan), encoding="utf-8")
        with (paths.logs / "supervisor.log").open("wb") as log:
            return writer, subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), str(paths.plan), "--fork"],
                pass_fds=(lock, port_fd, reader),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.defpath},
                start_new_session=True,
            )
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)


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
                },
            }
        ],
    }
