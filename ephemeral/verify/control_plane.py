"""Whether the API server lends its own way out: it proxies to pods, and whoever may write their status says where."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.verify.finding import Finding, not_probed
from ephemeral.verify.machine import MachineListener
from ephemeral.verify.network import BLOCKED, OPEN, worst_of
from ephemeral.verify.stage import LISTENER, PORT, Stage

_SECONDS = 5.0
_PROBE = "machine by the API server's proxy"


def probe_proxy(here: Stage, machine: MachineListener) -> Finding:
    """Pods that claim an address of the machine as their own, each asked for by way of the API server."""
    expected = BLOCKED if here.subject.policy.network else None
    if (control := _ask(here, LISTENER, PORT)) != OPEN:
        return not_probed(_PROBE, f"the proxy does not lead to a pod either: {control}", expected=expected)
    addresses = here.vantage.machine
    names = [_claim(here, address) for address in addresses]
    path = _path(here, names[0], machine.port)
    did = here.subject.kubectl(f"get --raw {path}  # of pods whose status.podIP is one of {', '.join(addresses)}")
    answers = dict(zip(addresses, _ask_all(here, names, machine.port), strict=True))
    return worst_of(_PROBE, did, expected, answers)


def _claim(here: Stage, address: str) -> str:
    """A pod that no scheduler takes, with a status that nobody corrects; its name."""
    kube, name = here.subject.kube, f"at-{address.replace('.', '-')}"
    kube.apply(_pod(here.namespace, name))
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    kube.patch("v1", "Pod", name, {"status": status}, namespace=here.namespace, subresource="status")
    return name


def _ask_all(here: Stage, names: Sequence[str], port: int) -> list[str]:
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        return list(pool.map(lambda name: _ask(here, name, port), names))


def _ask(here: Stage, pod: str, port: int) -> str:
    """OPEN, or why there was no way through."""
    try:
        here.subject.kube.transport.request("GET", _path(here, pod, port), timeout=_SECONDS)
    except ApiError as error:
        return f"no answer in {_SECONDS:g} s" if error.status == 0 else error.message
    return OPEN


def _path(here: Stage, pod: str, port: int) -> str:
    return f"/api/v1/namespaces/{here.namespace}/pods/{pod}:{port}/proxy/"


def _pod(namespace: str, name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "schedulerName": "none",
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "main",
                    "image": "ephemeral.local/pause:1",
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }
