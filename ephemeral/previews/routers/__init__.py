"""Routers: what splits the traffic between the arms of a preview."""

from ephemeral.previews.routers.choose import router_named
from ephemeral.previews.routers.protocol import Router, Stage

__all__ = ["Router", "Stage", "router_named"]
