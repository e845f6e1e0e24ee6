"""Many environments at once: listing them and collecting what outlived its lease."""

from ephemeral.fleet.collect import Collected, collect, list_environments

__all__ = ["Collected", "collect", "list_environments"]
