"""The hooks. Nothing heavy is imported here: every pytest run of whoever has this installed loads it."""

from collections.abc import Iterator

import pytest

from pytest_ephemeral.fixtures import (
    apply,
    cluster_factory,
    cluster_namespace,
    ephemeral_cluster,
    ephemeral_environment,
    ephemeral_spec,
    ephemeral_variant,
    kube,
    kubeconfig,
)
from pytest_ephemeral.options import SETTINGS, add_options, read_settings
from pytest_ephemeral.session import CURRENT_TEST, ENVIRONMENTS
from pytest_ephemeral.variants import HELP, parametrize, validate

__all__ = [
    "apply",
    "cluster_factory",
    "cluster_namespace",
    "ephemeral_cluster",
    "ephemeral_environment",
    "ephemeral_spec",
    "ephemeral_variant",
    "kube",
    "kubeconfig",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, once."""
    config.addinivalue_line("markers", HELP)
    config.stash[SETTINGS] = read_settings(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each kind of environment that it asks for."""
    parametrize(metafunc)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse wrong markers before anything runs."""
    validate(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember which test runs: it owns what it asks for first."""
    item.config.stash[CURRENT_TEST] = item.nodeid
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing is left, whatever has happened."""
    environments = session.config.stash.get(ENVIRONMENTS, None)
    if environments:
        environments.close()
