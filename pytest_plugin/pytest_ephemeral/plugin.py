"""The hooks. Nothing heavy is imported here: every pytest run of whoever has this installed loads it."""

from collections.abc import Generator
from typing import Any

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
    port_forward,
    preview,
    url,
)
from pytest_ephemeral.options import SETTINGS, add_options, header, read_settings
from pytest_ephemeral.session import CURRENT_TEST, ENVIRONMENTS, RECORDS, TOTALS, WORKER_INPUT
from pytest_ephemeral.variants import HELP, count, parametrize, validate

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
    "port_forward",
    "preview",
    "url",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, once."""
    config.addinivalue_line("markers", HELP)
    config.stash[SETTINGS] = read_settings(config)
    config.stash[RECORDS] = []


def pytest_report_header(config: pytest.Config) -> list[str]:
    """One line, where somebody has said something about ephemeral."""
    return header(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each kind of environment that it asks for."""
    parametrize(metafunc)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse wrong markers before anything runs."""
    validate(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count who will ask for what, so that nothing is made for nobody."""
    session.config.stash[TOTALS] = count(session.items, session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller of an xdist run, once for each worker."""
    from pytest_ephemeral.controller import PLUGIN_NAME, Controller

    plugins = node.config.pluginmanager
    if not plugins.has_plugin(PLUGIN_NAME):
        plugins.register(Controller(node.config), PLUGIN_NAME)
    plugins.get_plugin(PLUGIN_NAME).configure(node)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember which test runs: it owns what it asks for first."""
    item.config.stash[CURRENT_TEST] = item.nodeid
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Gather what there is to know about a failure while there is something to see."""
    report = yield
    if report.failed:
        from pytest_ephemeral.failures import gather

        gather(item, report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing is left, whatever has happened."""
    config = session.config
    if ENVIRONMENTS not in config.stash:
        return
    config.stash[ENVIRONMENTS].close()
    if hasattr(config, "workeroutput"):
        config.workeroutput[WORKER_INPUT] = [vars(each) for each in config.stash[RECORDS] if each.origin != "shared"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what there was and what is kept."""
    records = terminalreporter.config.stash[RECORDS]
    if records:
        from pytest_ephemeral.summary import tell

        terminalreporter.section("ephemeral")
        for line in tell(records):
            terminalreporter.write_line(line)
