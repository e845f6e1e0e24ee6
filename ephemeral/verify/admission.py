"""What the API server must refuse: pods that Pod Security forbids, in every namespace, and ways around it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.spec.model import PodSecurity
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.subject import PREFIX, Subject

#: What each refusal must say; a pod that is refused for another reason proves nothing.
POD_SECURITY = "violates PodSecurity"
NODE_FILES = "violates Pod Security"


def harmless_pod() -> Object:
    """A pod that every Pod Security Standard admits, and that states no resources."""
    container = {
        "name": "main",
        "image": "ephemeral.local/pause:1",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": PREFIX},
        "spec": {"containers": [container], "securityContext": security},
    }


def probe_pod_security(subject: Subject) -> Iterator[Finding]:
    """One finding for each kind of pod that a standard forbids."""
    namespaces = subject.namespaces()
    for probe, standards, change in _FORBIDDEN:
        pod = harmless_pod()
        change(pod["spec"])
        expected = "refused" if subject.policy.pod_security in standards else None
        yield everywhere(subject, probe, pod, namespaces, expected=expected, words=POD_SECURITY)


def probe_node_files(subject: Subject) -> Finding:
    """A PersistentVolume may show its pod what hostPath would."""
    volume = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}}
    item = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": PREFIX}, "spec": volume}
    probe, did = "PersistentVolume with hostPath", subject.trying_out(item)
    expected = "refused" if subject.policy.pod_security in _BASELINE else None
    try:
        subject.try_out(item)
    except ApiError as error:
        if NODE_FILES not in error.message:
            return not_probed(probe, error.message, did=did, expected=expected)
        return judged(probe, did, expected=expected, found="refused")
    return judged(probe, did, expected=expected, found="admitted")


def everywhere(
    subject: Subject, probe: str, item: Object, namespaces: Sequence[str], *, expected: str | None, words: str
) -> Finding:
    """Try the object in each namespace: it is refused with these words, or admitted, or nobody knows."""
    admitted = []
    for namespace in namespaces:
        did = subject.trying_out(item, namespace)
        try:
            subject.try_out(item, namespace)
        except ApiError as error:
            if words not in error.message:
                return not_probed(probe, f"in {namespace}: {error.message}", did=did, expected=expected)
        else:
            admitted.append(namespace)
    did = subject.trying_out(item, (admitted or namespaces)[0])
    if admitted:
        return judged(probe, did, expected=expected, found="admitted", detail=f"in {', '.join(admitted)}")
    return judged(probe, did, expected=expected, found="refused", detail=f"in {', '.join(namespaces)}")


def _privileged(pod: dict[str, Any]) -> None:
    pod["containers"][0]["securityContext"] = {"privileged": True}


def _host_path(pod: dict[str, Any]) -> None:
    pod["volumes"] = [{"name": "machine", "hostPath": {"path": "/"}}]


def _host_network(pod: dict[str, Any]) -> None:
    pod["hostNetwork"] = True


def _capability(pod: dict[str, Any]) -> None:
    pod["containers"][0]["securityContext"]["capabilities"]["add"] = ["SYS_ADMIN"]


def _root(pod: dict[str, Any]) -> None:
    pod["securityContext"] |= {"runAsNonRoot": False, "runAsUser": 0}


_BASELINE: tuple[PodSecurity, ...] = ("baseline", "restricted")
_FORBIDDEN: tuple[tuple[str, tuple[PodSecurity, ...], Callable[[dict[str, Any]], None]], ...] = (
    ("privileged pod", _BASELINE, _privileged),
    ("pod with hostPath", _BASELINE, _host_path),
    ("pod with hostNetwork", _BASELINE, _host_network),
    ("pod with added capability", _BASELINE, _capability),
    ("pod that runs as root", ("restricted",), _root),
)
