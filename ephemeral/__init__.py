"""An isolated Kubernetes of its own for every pipeline run, pull request and test.

::

    import ephemeral

    with ephemeral.up("ephemeral.yaml") as env:
        print(env.kubeconfig)
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ephemeral.environment import Environment, attach, down, unique_name, up
    from ephemeral.errors import EphemeralError
    from ephemeral.spec.load import load
    from ephemeral.spec.model import Spec

#: Public name -> module: importing `ephemeral` costs next to nothing until one of them is used.
_HOMES = {
    "Environment": "ephemeral.environment",
    "EphemeralError": "ephemeral.errors",
    "Spec": "ephemeral.spec.model",
    "attach": "ephemeral.environment",
    "down": "ephemeral.environment",
    "load": "ephemeral.spec.load",
    "unique_name": "ephemeral.environment",
    "up": "ephemeral.environment",
}

__all__ = ["Environment", "EphemeralError", "Spec", "attach", "down", "load", "unique_name", "up"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ephemeral' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
