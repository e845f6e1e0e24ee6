"""The default ServiceAccount, made the moment that the API server of an environment takes it.

vcluster goes on only once that account is there, asks for it once a second, and starts the controllers that would make
it up to two seconds after its API server is ready (0.36, `pkg/setup/controller_context.go`, `pkg/k8s/k8s.go`). What is
made here is the same, some two seconds sooner. Nothing depends on it: where it can't be done, the controllers do it.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import EphemeralError
from ephemeral.kube.kubeconfig import Access, read_access
from ephemeral.kube.objects import Object
from ephemeral.kube.portforward import PortForward
from ephemeral.kube.transport import ApiError, Transport
from ephemeral.waiting import Deadline, NotYet, wait_until

#: vcluster's own API server behind the proxy that serves users.
_PORT = 6443
_ALREADY_EXISTS = 409
_LONGEST_SECONDS = 60.0
_PATH = "/api/v1/namespaces/default/serviceaccounts"
_ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}


@contextmanager
def offering_account(stamp: Stamp, folder: Path) -> Iterator[None]:
    """Make the account while the body waits for the control plane; ``folder`` (0700) takes a file for a moment."""
    stop = threading.Event()
    offering = threading.Thread(target=_offer, args=(stamp, folder, stop), name="early-account", daemon=True)
    offering.start()
    try:
        yield
    finally:
        stop.set()


def _offer(stamp: Stamp, folder: Path, stop: threading.Event) -> None:
    deadline = Deadline(_LONGEST_SECONDS)

    def running() -> tuple[Object, Object] | None:
        return None if stop.is_set() else _running_pod(stamp)

    with suppress(EphemeralError, OSError):
        found = wait_until(running, deadline=deadline, what="control plane", interval=0.1, max_interval=0.2)
        if found is None:
            return
        pod, secret = found
        host = stamp.host
        target = f"pod/{pod['metadata']['name']}"
        access = read_access(host.kubeconfig, host.context)
        with PortForward(host.kube, access, target, _PORT, namespace=stamp.namespace, ready_only=False) as forward:
            transport = Transport(_administrator(secret, folder, f"https://127.0.0.1:{forward.port}"))

            def attempt() -> None:
                if not stop.is_set():
                    _make_account(transport)

            wait_until(attempt, deadline=deadline, what="account", interval=0.05, max_interval=0.1)
            transport.close()


def _running_pod(stamp: Stamp) -> tuple[Object, Object]:
    """The pod of the control plane and the Secret with its certificates. Raises NotYet until both are there."""
    kube, labels = stamp.host.kube, f"app=vcluster,release={stamp.name}"
    for pod in kube.list("v1", "Pod", namespace=stamp.namespace, labels=labels):
        statuses = (pod.get("status") or {}).get("containerStatuses") or ()
        if any("running" in (each.get("state") or {}) for each in statuses):
            secret = kube.get("v1", "Secret", naming.certificates(stamp.name), stamp.namespace)
            if secret is not None:
                return pod, secret
    raise NotYet("it has not started")


def _administrator(secret: Object, folder: Path, server: str) -> Access:
    """Who may do anything there, by the kubeconfig that vcluster made for itself."""
    import yaml

    config = yaml.load(base64.b64decode(secret.get("data", {}).get("admin.conf", "")), Loader=yaml.CSafeLoader)
    if not config:
        raise EphemeralError("vcluster keeps no kubeconfig of its own there")
    for each in config["clusters"]:
        each["cluster"]["server"] = server
    with NamedTemporaryFile("w", dir=folder, prefix="early-") as file:  # 0600
        file.write(json.dumps(config))
        file.flush()
        return read_access(Path(file.name))


def _make_account(transport: Transport) -> None:
    try:
        transport.request("POST", _PATH, body=_ACCOUNT)
    except EphemeralError as error:
        if isinstance(error, ApiError) and error.status == _ALREADY_EXISTS:
            return
        raise NotYet(error.message) from error
