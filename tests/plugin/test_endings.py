"""Every way in which a run can end, for everything that can be shared: nothing is left."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ephemeral.fleet import collect
from tests.plugin.suites import SECONDS, left, start, wait_for_files, wait_nothing_left

pytestmark = pytest.mark.cluster

#: Each test says who it is and what it has, then waits to be released; `fails` is what the first one does then.
SUITE = """
import os, pathlib, time
import pytest

HERE = pathlib.Path(__file__).parent

@pytest.mark.parametrize("number", range(4))
def test_one(number, ephemeral_environment, kube):
    assert kube.list("v1", "Node")
    (HERE / "seen" / str(number)).write_text(f"{os.getpid()} {ephemeral_environment.name}")
    while not (HERE / "release").exists():
        time.sleep(0.01)
    assert number or not (HERE / "fails").exists()
"""

SCOPES = ("session", "worker", "test")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    (folder / "seen").mkdir(parents=True)
    (folder / "test_suite.py").write_text(SUITE)
    return folder


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output


def seen(suite: Path) -> dict[int, str]:
    """Process -> its newest environment."""
    words = [path.read_text().split() for path in sorted((suite / "seen").iterdir())]
    return {int(pid): name for pid, name in words}


def names(suite: Path) -> list[str]:
    return [path.read_text().split()[1] for path in sorted((suite / "seen").iterdir())]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_normal_end(suite: Path, scope: str) -> None:
    (suite / "release").touch()
    code, output = end(start(suite, "-n2", f"--ephemeral-scope={scope}"))
    assert (code, "4 passed" in output) == (0, True), output
    assert left_at_once() == []
    assert len(set(names(suite))) == {"session": 1, "worker": 2, "test": 4}[scope]


@pytest.mark.parametrize("scope", SCOPES)
def test_stop_at_the_first_failure(suite: Path, scope: str) -> None:
    (suite / "release").touch()
    (suite / "fails").touch()
    code, output = end(start(suite, "-n2", "-x", f"--ephemeral-scope={scope}"))
    assert (code, "1 failed" in output) == (2, True), output
    assert left_at_once() == []


def left_at_once() -> list[str]:
    """What an orderly end leaves the moment it is over."""
    return [each for each in left() if "pytest" not in each.partition(": ")[2]]


#: Name -> signal, whom it is sent to, how the controller ends (None: by the very signal).
ENDINGS = {
    "ctrl-c": (signal.SIGINT, "group", 2),
    "sigint": (signal.SIGINT, "controller", 2),
    "sigterm": (signal.SIGTERM, "controller", 143),
    "sigterm-group": (signal.SIGTERM, "group", 143),
    "kill-controller": (signal.SIGKILL, "controller", None),
    "kill-all": (signal.SIGKILL, "group", None),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_signal_while_tests_run(suite: Path, scope: str, ending: str) -> None:
    number, target, code = ENDINGS[ending]
    process = start(suite, "-n2", f"--ephemeral-scope={scope}")
    wait_for_files(suite / "seen", 2, process)
    send(process, number, target)
    returned, output = end(process)
    if number == signal.SIGTERM and scope == "worker":
        code = None  # the controller has nothing to end, so it leaves SIGTERM as it is
    assert returned == (-number if code is None else code), output
    wait_nothing_left()


@pytest.mark.parametrize("scope", SCOPES)
def test_kill_a_worker(suite: Path, scope: str) -> None:
    process = start(suite, "-n2", f"--ephemeral-scope={scope}")
    wait_for_files(suite / "seen", 2, process)
    victim, its_environment = next(iter(seen(suite).items()))
    os.kill(victim, signal.SIGKILL)
    (suite / "release").touch()
    code, output = end(process)
    assert (code, "1 failed, 3 passed" in output) == (1, True), output
    assert f"{its_environment}" not in str(left_at_once())
    assert left_at_once() == []


@pytest.mark.parametrize("ending", ["sigint", "sigterm", "kill-controller"])
def test_a_signal_without_xdist(suite: Path, ending: str) -> None:
    number, target, code = ENDINGS[ending]
    process = start(suite, "--ephemeral-scope=session")
    wait_for_files(suite / "seen", 1, process)
    send(process, number, target)
    returned, output = end(process)
    assert returned == (-number if code is None else code), output
    wait_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_at_any_moment(suite: Path, number: signal.Signals) -> None:
    (suite / "release").touch()
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for scope in SCOPES:
        process = start(suite, "-n2", f"--ephemeral-scope={scope}")
        # From the first import to the teardown.
        time.sleep(moments.uniform(1, 9))
        send(process, number, "controller")
        end(process)
        try:
            wait_nothing_left()
        except Exception:  # killed before there was a supervisor: files only, and gc's to remove
            if number != signal.SIGKILL:
                raise
            assert [entry.error for entry in collect()] == [""]
            wait_nothing_left()


def send(process: "subprocess.Popen[str]", number: signal.Signals, target: str) -> None:
    if target == "group":
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
