"""The one router of a preview."""

from ephemeral.errors import SpecError
from ephemeral.previews.routers.protocol import Router, Stage


def router_named(name: str, stage: Stage) -> Router:
    """The router of this name. Raises SpecError."""
    match name:
        case "gateway-api":
            from ephemeral.previews.routers.gateway import GatewayRouter

            return GatewayRouter(stage)
        case "service":
            from ephemeral.previews.routers.selector import SelectorRouter

            return SelectorRouter(stage)
        case "replicas":
            from ephemeral.previews.routers.replicas import ReplicasRouter

            return ReplicasRouter(stage)
        case _:
            raise SpecError(f"there is no router {name!r}.")
