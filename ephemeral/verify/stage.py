"""A namespace of the probes' own in one environment, with a listener in it, gone again in any case."""

import inspect
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ephemeral.apps.isolation.network import network_policy
from ephemeral.clusters.provider import Vantage
from ephemeral.errors import ClusterError, WorkloadError
from ephemeral.kube.objects import Object
from ephemeral.verify import prober
from ephemeral.verify.litter import Litter
from ephemeral.verify.subject import PREFIX, Subject
from ephemeral.waiting import Deadline, NotYet, wait_until

LISTENER = "listener"
PORT = 8080
_SECONDS = 60.0
_HOPELESS = {"ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "CreateContainerError", "RunContainerError"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where the probes live in one environment; ``words`` are what its listener answers with."""

    subject: Subject
    vantage: Vantage
    namespace: str
    words: str
    pod: Object
    service: Object

    @property
    def pod_address(self) -> str:
        """The listener's own address."""
        return str(self.pod["status"]["podIP"])

    @property
    def service_address(self) -> str:
        """The ClusterIP of its Service."""
        if host := self.vantage.host:
            return wait_until(
                lambda: host.services(self.namespace, LISTENER), deadline=Deadline(_SECONDS), what="Service on the host"
            )
        return str(self.service["spec"]["clusterIP"])

    @property
    def node_port(self) -> int:
        """Its Service's port on the node; 0: it has none."""
        return int(self.service["spec"]["ports"][0].get("nodePort", 0))

    @property
    def node_address(self) -> str:
        """Where kubelet, the API server and node ports answer."""
        return str(self.pod["status"]["hostIP"])

    def attempt(self, wanted: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
        """Make connections from a pod. Raises WorkloadError, WaitError."""
        code, output = self.run(["try", json.dumps(list(wanted))])
        if code != 0:
            raise WorkloadError(f"the prober in a pod of {self.subject.name} ended with {code}: {output[-500:]}")
        return [dict(each) for each in json.loads(output)]

    def run(self, arguments: Sequence[str]) -> tuple[int, str]:
        """Run the prober in a pod of its own: exit code and output."""
        name = f"prober-{secrets.token_hex(3)}"
        _create(self.subject, self.vantage, self.namespace, _pod(self.vantage, name, arguments))
        ended = _await_phase(self.subject, self.namespace, name, ("Succeeded", "Failed"))
        path = f"/api/v1/namespaces/{self.namespace}/pods/{name}/log"
        output = self.subject.kube.transport.request("GET", path).data.decode(errors="replace")
        code = ended["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
        return int(code), output


@contextmanager
def staged(subject: Subject, litter: Litter) -> Iterator[Stage]:
    """Make a namespace, `ephemeral-verify-...`, a listener and its Service; all of it becomes litter, in any case.

    Raises ClusterError where nothing runs, WorkloadError when a pod can't run.
    """
    if subject.vantage is None:
        raise ClusterError(f"the nodes of environment {subject.name} are simulated and run nothing")
    words = secrets.token_hex(8)
    with _own_namespace(subject, litter) as namespace:
        if subject.policy.network and not subject.vantage.host:
            metadata = {"name": PREFIX, "namespace": namespace}
            subject.kube.apply(network_policy(subject.policy, metadata))  # probes live by the rules that apps live by
        service = subject.kube.apply(_service(namespace, "ClusterIP" if subject.vantage.host else "NodePort"))
        _create(subject, subject.vantage, namespace, _pod(subject.vantage, LISTENER, ["listen", str(PORT), words]))
        pod = _await_phase(subject, namespace, LISTENER, ("Running",))
        yield Stage(
            subject=subject, vantage=subject.vantage, namespace=namespace, words=words, pod=pod, service=service
        )


@contextmanager
def _own_namespace(subject: Subject, litter: Litter) -> Iterator[str]:
    kube, name = subject.kube, f"{PREFIX}-{secrets.token_hex(3)[:5]}"
    try:
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        wait_until(lambda: _expect_account(subject, name), deadline=Deadline(_SECONDS), what="default ServiceAccount")
        yield name
    finally:
        litter.add(subject, "v1", "Namespace", name)


def _expect_account(subject: Subject, namespace: str) -> None:
    if subject.kube.get("v1", "ServiceAccount", "default", namespace) is None:
        raise NotYet("it is not there")


def _create(subject: Subject, vantage: Vantage, namespace: str, pod: Object) -> None:
    """As the user whom Pod Security exempts: the pod mounts the programs of its node."""
    headers = {"Impersonate-User": vantage.user, "Impersonate-Group": "system:masters"} if vantage.user else {}
    path = f"/api/v1/namespaces/{namespace}/pods"
    subject.kube.transport.request("POST", path, body=pod, headers=headers)


def _await_phase(subject: Subject, namespace: str, name: str, phases: tuple[str, ...]) -> Object:
    def attempt() -> Object:
        pod = subject.kube.get("v1", "Pod", name, namespace) or {}
        status = pod.get("status") or {}
        for container in status.get("containerStatuses") or ():
            waiting = container["state"].get("waiting") or {}
            if waiting.get("reason") in _HOPELESS:
                raise WorkloadError(f"Pod {namespace}/{name}: {waiting['reason']}: {waiting.get('message', '')}")
        if status.get("phase") in phases:
            return pod
        if status.get("phase") == "Failed":
            raise WorkloadError(f"Pod {namespace}/{name} failed: {json.dumps(status)[-500:]}")
        raise NotYet(f"{status.get('phase', 'unknown')}")

    return wait_until(attempt, deadline=Deadline(_SECONDS), what=f"Pod {namespace}/{name}")


def _pod(vantage: Vantage, name: str, arguments: Sequence[str]) -> Object:
    mounts = [{"name": f"part-{number}", "mountPath": each, "readOnly": True}
              for number, each in enumerate(vantage.folders)]  # fmt: skip
    container: dict[str, Any] = {
        "name": "main",
        "image": vantage.image,
        "imagePullPolicy": "Never" if vantage.folders else "IfNotPresent",
        "command": [vantage.python, "-I", "-S", "-c", inspect.getsource(prober), *arguments],
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "0", "memory": "0"}},
    }
    volumes = [{"name": f"part-{number}", "hostPath": {"path": each}} for number, each in enumerate(vantage.folders)]
    if not vantage.user:  # Pod Security exempts nobody
        container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    unprivileged = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "containers": [container],
        "securityContext": {} if vantage.user else unprivileged,
        "volumes": volumes,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def _service(namespace: str, kind: str) -> Object:
    """A node port where there may be one: nothing in an environment is easier to reach from outside."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": LISTENER, "namespace": namespace},
        "spec": {"type": kind, "selector": {"app": LISTENER}, "ports": [{"port": PORT}]},
    }
