"""The seam between the routes of a preview and the pods that serve them."""

from collections.abc import Sequence
from typing import Protocol

from ephemeral.previews.routers.classes import OWN, find_class
from ephemeral.previews.routers.protocol import Stage
from ephemeral.previews.routers.routes import API, GATEWAY


class DataPlane(Protocol):
    """Pods that listen as a Gateway of its class says. They are in the app's namespace: Services lead to them."""

    #: The class that a Gateway has to name.
    gateway_class: str
    #: Labels by which a Service finds the pods.
    pods: dict[str, str]

    def install(self, ports: Sequence[int]) -> None:
        """Put there what has to be before the Gateway is."""
        ...

    def wait_serving(self) -> None:
        """Return once the pods of the Gateway, which is there, are ready. Raises PreviewError, WorkloadError."""
        ...


def data_plane(stage: Stage) -> DataPlane:
    """What the preview's class means. Raises as `find_class` does.

    Where none is named and Traefik was installed once, it stays that way: a class that came later is for others.
    """
    name = find_class(stage.kube, stage.gateway_class or _installed(stage))
    if name == OWN:
        return own_data_plane(stage)
    from ephemeral.previews.routers.offered import OfferedClass

    return OfferedClass(stage, name)


def own_data_plane(stage: Stage) -> DataPlane:
    """Traefik, whatever the environment offers."""
    from ephemeral.previews.routers.traefik import OwnTraefik

    return OwnTraefik(stage)


def _installed(stage: Stage) -> str:
    if stage.kube.discovery.find(API, "Gateway") is None:
        return ""
    live = stage.kube.get(API, "Gateway", GATEWAY, stage.namespace)
    return OWN if live and live["spec"]["gatewayClassName"] == OWN else ""
