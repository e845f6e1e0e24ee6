"""A real, isolated Kubernetes cluster is one fixture away: the pytest plugin of ephemeral.

::

    def test_the_app_is_ready(ephemeral_environment):
        assert ephemeral_environment.workloads() == {"Deployment default/web": "2/2 ready"}

Installing it is enough; ``pytest --fixtures`` shows what there is.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_ephemeral.expectations import expect
    from pytest_ephemeral.expectations.waiting import ExpectationError

#: Public name -> module: loading the plugin imports none of them.
_HOMES = {
    "ExpectationError": "pytest_ephemeral.expectations.waiting",
    "expect": "pytest_ephemeral.expectations",
}

__all__ = ["ExpectationError", "expect"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pytest_ephemeral' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
