"""What one pytest process keeps from its first request for a cluster to its end."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ephemeral.options import SETTINGS

if TYPE_CHECKING:
    from pytest_ephemeral.environments import Environments, Supplier
    from pytest_ephemeral.making import Wanted
    from pytest_ephemeral.variants import Variant

ENVIRONMENTS = pytest.StashKey["Environments"]()


def environments_of(config: pytest.Config) -> "Environments":
    """The environments of this process; opened by the first who asks."""
    if ENVIRONMENTS not in config.stash:
        from pytest_ephemeral.environments import Environments

        config.stash[ENVIRONMENTS] = Environments(config.stash[SETTINGS], _supplier(config))
    return config.stash[ENVIRONMENTS]


def _supplier(config: pytest.Config) -> "Supplier":
    from pytest_ephemeral.environments import OwnSupplier

    return OwnSupplier(config.stash[SETTINGS])


def wanted_by(request: pytest.FixtureRequest, said: Any, variant: "Variant", *, app: bool) -> "Wanted":
    """What a fixture is to acquire. Raises SpecError."""
    from pytest_ephemeral.making import Wanted
    from pytest_ephemeral.specs import spec_of

    settings = request.config.stash[SETTINGS]
    spec = spec_of(said, variant, settings, request.config)
    return Wanted(
        spec=spec if app else replace(spec, app=(), expose=()),
        scope=variant.scope,
        test=current_test(request.config),
        keep=variant.keep or settings.keep,
    )


CURRENT_TEST = pytest.StashKey[str]()


def current_test(config: pytest.Config) -> str:
    """The test that is being set up or run."""
    return config.stash.get(CURRENT_TEST, "")
