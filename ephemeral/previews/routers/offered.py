"""A GatewayClass that the environment offers: its controller makes the pods, beside the Gateway.

Where they are is what GEP-1762 says of gateways that are made on demand: in the Gateway's namespace, with the Gateway's
name as a label. A controller that serves all Gateways by pods elsewhere is not for previews: no Service of the app
could lead there.
"""

from collections.abc import Sequence

from ephemeral.errors import PreviewError, WaitError
from ephemeral.kube.objects import Object, condition
from ephemeral.kube.readiness.waits import wait_ready
from ephemeral.previews.routers.classes import OWN
from ephemeral.previews.routers.protocol import Stage
from ephemeral.previews.routers.routes import API, GATEWAY
from ephemeral.waiting import Deadline, NotYet, wait_until

_NAME_LABEL = "gateway.networking.k8s.io/gateway-name"
_WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "DaemonSet"), ("apps/v1", "StatefulSet"))
#: For the controller to answer, and to make what it makes.
_TAKEN_SECONDS = 30.0
#: For images to be pulled; what can't become ready ends the wait before.
_READY_SECONDS = 180.0
#: Reasons that pass by themselves; with AddressNotAssigned only addresses are missing, and Services lead to the pods.
_PASSING = ("Pending", "NotReconciled", "NoResources", "AddressNotAssigned")


class PodsElsewhereError(PreviewError):
    """The class runs its Gateways' pods where no Service of the app leads."""


class OfferedClass:
    """Makes nothing but the Gateway, and finds what its class makes of it."""

    def __init__(self, stage: Stage, gateway_class: str) -> None:
        self.gateway_class = gateway_class
        self.pods = {_NAME_LABEL: GATEWAY}
        self._stage = stage

    def install(self, ports: Sequence[int]) -> None:
        """Nothing: the controller is there."""

    def wait_serving(self) -> None:
        """Return once the Gateway is programmed and its pods are ready, with the cluster's words if that can't be."""
        stage = self._stage
        wait_ready(stage.kube, self._made(), deadline=Deadline(_READY_SECONDS), progress=stage.progress)
        what = f"Gateway {stage.namespace}/{GATEWAY} programmed"
        wait_until(self._programmed, deadline=Deadline(_TAKEN_SECONDS), what=what, max_interval=0.2)

    def _made(self) -> list[Object]:
        """The workloads that the controller made for the Gateway. Raises PodsElsewhereError when there are none."""

        def attempt() -> list[Object]:
            state = self._state("Accepted")
            if not (found := self._workloads()):
                raise NotYet(state)
            return found

        what = f"the pods of Gateway {self._stage.namespace}/{GATEWAY}"
        try:
            return wait_until(attempt, deadline=Deadline(_TAKEN_SECONDS), what=what, max_interval=0.2)
        except WaitError as error:
            raise PodsElsewhereError(
                f"GatewayClass {self.gateway_class}: in namespace {self._stage.namespace} there is no Deployment, "
                f"DaemonSet or StatefulSet with the label {_NAME_LABEL}={GATEWAY} ({error.observed}).",
                hint="Services lead to pods of their own namespace: let the controller put a Gateway's pods there "
                f"(Envoy Gateway: deploy type GatewayNamespace), or install Traefik by `gateway-class: {OWN}`.",
            ) from None

    def _workloads(self) -> list[Object]:
        kube, namespace = self._stage.kube, self._stage.namespace
        labels = f"{_NAME_LABEL}={GATEWAY}"
        return [each for kind in _WORKLOADS for each in kube.list(*kind, namespace=namespace, labels=labels)]

    def _programmed(self) -> None:
        self._state("Accepted")
        self._state("Programmed")

    def _state(self, kind: str) -> str:
        """The condition in words, once it is as it has to be. Raises NotYet, PreviewError for what does not pass."""
        live = self._stage.kube.get(API, "Gateway", GATEWAY, self._stage.namespace) or {}
        found = condition(live, kind)
        if (
            not found
            or found["status"] == "Unknown"
            or found.get("observedGeneration") != live["metadata"]["generation"]
        ):
            raise NotYet(f"the controller of GatewayClass {self.gateway_class} has not taken the Gateway")
        words = f"{kind}={found['status']} ({found.get('reason')}: {found.get('message', '')})"
        if found["status"] == "False" and found.get("reason") not in _PASSING:
            raise PreviewError(f"Gateway {self._stage.namespace}/{GATEWAY} of class {self.gateway_class}: {words}.")
        if found["status"] == "False" and found["reason"] != "AddressNotAssigned":
            raise NotYet(words)
        return words
