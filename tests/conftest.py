"""What every test shares: a state directory of its own, and the rules of the two tiers."""

import os
import signal
import time
from pathlib import Path

import pytest

from ephemeral.tools.places import cache_dir

#: Read before any test names another HOME: suites within tests use the same programs, and build none anew.
_CACHE = cache_dir()


#: A shell's background job ignores SIGINT, and so would every command that the tests interrupt.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fail-on-skip", action="store_true", help="A skipped test fails the run (core tier).")
    parser.addoption("--until", type=float, help="Start no test after this moment (seconds since the epoch).")


def pytest_runtest_setup(item: pytest.Item) -> None:
    until = item.config.getoption("--until")
    if until and time.time() > until:
        pytest.skip("not run: the time for this tier is over")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once why a test failed: a run that is cut off has no summary."""
    if report.failed and report.longrepr:
        print(f"\n--- {report.when} of {report.nodeid}\n{report.longreprtext[-2000:]}", flush=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if session.config.getoption("--fail-on-skip") and skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees another's environments, nor settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("EPHEMERAL_", "GITHUB_", "GITLAB_", "CI_"))]:
        if name not in ("EPHEMERAL_TOOLS_DIR", "EPHEMERAL_CACHE_DIR", "EPHEMERAL_MIRROR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(_CACHE))
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_apps(repository: Path) -> Path:
    """Real applications, beside the checkout."""
    return repository.parent / "shared" / "apps"
