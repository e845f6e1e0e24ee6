"""Where the app's manifests come from, what they demand, and the isolation policy around them."""

from ephemeral.apps.render import render

__all__ = ["render"]
