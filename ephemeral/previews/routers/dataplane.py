"""The seam between the routes of a preview and the pods that serve them."""

from collections.abc import Sequence
from typing import Protocol

from ephemeral.previews.routers.classes import OWN, find_class
from ephemeral.previews.routers.protocol import Stage


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
    """What the preview's class means. Raises as `find_class` does."""
    name = find_class(stage.kube, stage.gateway_class)
    if name == OWN:
        from ephemeral.previews.routers.traefik import OwnTraefik

        return OwnTraefik(stage)
    from ephemeral.previews.routers.offered import OfferedClass

    return OfferedClass(stage, name)
