"""What is gathered when a test fails, before anything is torn down."""

import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ephemeral.fixtures import FIXTURES
from pytest_ephemeral.options import SETTINGS
from pytest_ephemeral.session import CURRENT_TEST, ENVIRONMENTS, RECORDS

if TYPE_CHECKING:
    from ephemeral.environment import Environment

#: Names in JUnit's `properties` and in reports that xdist workers send.
REPORT_PROPERTY = "ephemeral_report"
ENVIRONMENT_PROPERTY = "ephemeral_environment"
_WARNINGS = 5
_TELL_SECONDS = 5.0
_LONGEST_NAME = 120


def gather(item: pytest.Item, report: pytest.TestReport) -> None:
    """Write a bundle for each environment that the failed test uses, and tell the short of it in the report."""
    environments = item.config.stash.get(ENVIRONMENTS, None)
    if environments is None:
        return
    shared = not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    for environment in environments.used_by(item.config.stash.get(CURRENT_TEST, ""), shared=shared):
        environments.failed.add(environment.name)
        properties = [(ENVIRONMENT_PROPERTY, environment.name)]
        folder = item.config.stash[SETTINGS].report_dir / _folder_of(item)
        _remove_earlier(folder, {each.name for each in item.config.stash[RECORDS]})
        where = environment.try_report(folder, _failure(report))
        if where.startswith("report: "):
            properties.append((REPORT_PROPERTY, where.removeprefix("report: ")))
        report.sections.append((f"ephemeral: {environment.name}", "\n".join([*_tell_soon(environment), where])))
        for target in (item.user_properties, report.user_properties):  # the report of the teardown is made of the item
            target.extend(each for each in properties if each not in target)


def _remove_earlier(folder: Path, names: set[str]) -> None:
    """Bundles of this test in earlier runs; what is no bundle is not touched."""
    for timeline in folder.glob("*/timeline.json"):
        if timeline.parent.name not in names:
            shutil.rmtree(timeline.parent, ignore_errors=True)


def _tell_soon(environment: "Environment") -> Sequence[str]:
    """What `_tell` finds out in a few seconds: an API server that hangs must not hang the run."""
    told: list[str] = []
    thread = threading.Thread(target=lambda: told.extend(_tell(environment)), daemon=True)
    thread.start()
    thread.join(_TELL_SECONDS)
    return list(told) if told else [f"its API server has not answered for {_TELL_SECONDS:g} s"]


def _tell(environment: "Environment") -> Iterator[str]:
    """In plain words what is not well, the worst first; no failure of its own."""
    from ephemeral.errors import EphemeralError

    try:
        if trouble := environment.diagnose():
            yield trouble
            return
        broken = list(_broken(environment))
        yield from broken or ["every workload is ready"]
        yield from _warnings(environment)
    except EphemeralError as error:
        yield error.message


_KINDS = (
    ("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job"), ("v1", "Pod"),
)  # fmt: skip


def _broken(environment: "Environment") -> Iterator[str]:
    """Workloads, and pods that belong to none, which are not ready."""
    from ephemeral.kube.objects import subject
    from ephemeral.kube.readiness.judge import judge
    from ephemeral.kube.readiness.world import World

    world = World.look(environment.kube, _KINDS, since=datetime.fromtimestamp(0, UTC))
    items = [item for kind in _KINDS for item in environment.kube.list(*kind)]
    verdicts = [(judge(item, world.scene(item)), item) for item in items if not item["metadata"].get("ownerReferences")]
    for state in ("failed", "pending"):
        yield from (f"{subject(item)}: {verdict.text}" for verdict, item in verdicts if verdict.state == state)


def _warnings(environment: "Environment") -> Iterator[str]:
    from ephemeral.kube.events import describe

    warnings = environment.events(warnings=True)[-_WARNINGS:]
    if warnings:
        yield "last warnings:"
        yield from (f"  {describe(event)}" for event in warnings)


def _folder_of(item: pytest.Item) -> Path:
    """A folder for each test, named like it."""
    return Path(re.sub(r"[^\w.\[\]-]+", "-", item.nodeid).strip("-")[:_LONGEST_NAME])


def _failure(report: pytest.TestReport) -> BaseException:
    """The failure in its last line, for the first page of the bundle."""
    lines = str(getattr(report.longrepr, "reprcrash", "") or report.longrepr or "").strip().splitlines()
    return AssertionError(f"{report.nodeid} failed in its {report.when}: {lines[-1] if lines else ''}")
