"""What one pytest process keeps from its first request for a cluster to its end."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ephemeral.options import SETTINGS

if TYPE_CHECKING:
    from pytest_ephemeral.environments import Environments, Supplier
    from pytest_ephemeral.making import Record, Wanted
    from pytest_ephemeral.variants import Variant

ENVIRONMENTS = pytest.StashKey["Environments"]()
#: What the summary tells.
RECORDS = pytest.StashKey[list["Record"]]()
#: Key of `config.workerinput` under which an xdist worker finds the hub.
WORKER_INPUT = "ephemeral"

#: How many tests of this run ask for each kind of environment.
TOTALS = pytest.StashKey[Counter["Variant"]]()
CURRENT_TEST = pytest.StashKey[str]()


def environments_of(config: pytest.Config) -> "Environments":
    """The environments of this process; opened by the first who asks."""
    if ENVIRONMENTS not in config.stash:
        from pytest_ephemeral.environments import Environments

        environments = Environments(config.stash[SETTINGS], _supplier(config))
        environments.records = config.stash[RECORDS]
        config.stash[ENVIRONMENTS] = environments
        if WORKER_INPUT not in getattr(config, "workerinput", {}):  # a worker's end is its controller's business
            from pytest_ephemeral.signals import exit_on_sigterm

            config.add_cleanup(exit_on_sigterm(unless=environments.is_empty))
    return config.stash[ENVIRONMENTS]


def _supplier(config: pytest.Config) -> "Supplier":
    settings = config.stash[SETTINGS]
    hub = getattr(config, "workerinput", {}).get(WORKER_INPUT)
    if hub:
        from pytest_ephemeral.worker import WorkerSupplier

        return WorkerSupplier(settings, **hub)
    from pytest_ephemeral.environments import OwnSupplier

    return OwnSupplier(settings)


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
        total=request.config.stash.get(TOTALS, Counter())[variant],
    )


def current_test(config: pytest.Config) -> str:
    """The test that is being set up or run."""
    return config.stash.get(CURRENT_TEST, "")
