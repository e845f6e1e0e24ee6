"""The controller's part in an xdist run: it owns the hub and hears what became of the workers' environments."""

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ephemeral.failures import ENVIRONMENT_PROPERTY
from pytest_ephemeral.hub import Hub
from pytest_ephemeral.options import SETTINGS
from pytest_ephemeral.session import RECORDS, WORKER_INPUT
from pytest_ephemeral.signals import exit_on_sigterm

if TYPE_CHECKING:
    from pytest_ephemeral.making import Record

PLUGIN_NAME = "ephemeral-controller"


class Controller:
    """A plugin that only the controller registers."""

    def __init__(self, config: pytest.Config) -> None:
        self._records: list[Record] = config.stash[RECORDS]
        self._hub = Hub(config.stash[SETTINGS])
        self._hub.environments.records = self._records
        self._input = self._hub.open()
        self._restore_signals = exit_on_sigterm(unless=self._hub.is_idle)

    def configure(self, node: Any) -> None:
        """Tell a worker where to ask for what the run shares."""
        node.workerinput[WORKER_INPUT] = self._input

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember which environments failed tests have used: they may be kept."""
        if report.failed:
            self._hub.environments.failed |= {
                str(value) for name, value in report.user_properties if name == ENVIRONMENT_PROPERTY
            }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear what a worker had; one that crashed can't tell, and what it had is gone."""
        from pytest_ephemeral.making import Record

        told = getattr(node, "workeroutput", {}).get(WORKER_INPUT, [])
        self._records.extend(Record(**each) for each in told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """All workers have ended: so does what they shared."""
        self._restore_signals()
        self._hub.close()
