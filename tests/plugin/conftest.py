"""Helpers for tests of the plugin: pytester suites run in processes of their own."""

from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Write a test module (and a conftest) and run it, on simulated nodes, in a process of its own."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(module: str, *arguments: str, conftest: str = "") -> pytest.RunResult:
        pytester.makepyfile(module)
        if conftest:
            pytester.makeconftest(conftest)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "--ephemeral-nodes=simulated", *arguments)

    return run
