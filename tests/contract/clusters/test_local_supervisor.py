"""The supervisor's promise, tested on small stand-in programs that behave well, badly and not at all."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ephemeral.clusters import record
from ephemeral.clusters.local import supervisor
from ephemeral.waiting import Deadline, NotYet, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


class Running:
    """A supervisor on a plan of its own."""

    def __init__(self, home: Path, components: list[dict[str, object]], seconds: float = 600) -> None:
        self.home = home
        self.volatile = home.parent / "volatile"
        for directory in (home, self.volatile):
            directory.mkdir()
        reader, self.owner = os.pipe()
        os.mkfifo(home / "control")
        plan = {
            "home": str(home),
            "record": str(home / "environment.json"),
            "processes": str(home / "processes.json"),
            "failure": str(home / "failure.json"),
            "remove": [str(self.volatile), str(home)],
            "remove-if-empty": [],
            "expires-at": time.time() + seconds,
            "control": str(home / "control"),
            "log": str(home / "supervisor.log"),
            "components": components,
            "actions": {"greet": ["touch", f"{home.parent}/{{0}}"]},
        }
        (home / "plan.json").write_text(json.dumps(plan))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, str(home / "plan.json"), str(reader)], pass_fds=[reader]
        )
        os.close(reader)

    def pids(self, count: int) -> list[int]:
        def attempt() -> list[int]:
            processes = record.read_json(self.home / "processes.json")
            if len(processes) < count + 1:
                raise NotYet(f"{processes}")
            return [entry["pid"] for name, entry in processes.items() if name != "supervisor"]

        return wait_until(attempt, deadline=Deadline(20), what="components")

    def tell(self, words: str) -> None:
        (self.home / "control").write_text(f"{words}\n")

    def wait_gone(self, pids: list[int]) -> None:
        assert self.process.wait(20) is not None
        assert not self.home.exists()
        assert not self.volatile.exists()
        for pid in pids:
            assert record.start_time(pid) == 0


def component(name: str, argv: list[str], home: Path, **after: object) -> dict[str, object]:
    return {"name": name, "argv": argv, "env": {"PATH": os.defpath}, "log": str(home / f"{name}.log"), "after": after}


def _expect_file(path: Path) -> None:
    if not path.exists():
        raise NotYet(f"no {path.name}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*components: dict[str, object], seconds: float = 600) -> Running:
        started.append(Running(tmp_path / "home", list(components), seconds))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()


def test_the_owners_death_removes_everything(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(component("a", SLEEPER, tmp_path), component("b", SLEEPER, tmp_path))
    pids = running.pids(2)
    os.close(running.owner)
    running.wait_gone(pids)


def test_a_detached_environment_outlives_its_owner_and_ends_at_its_lease(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    running = start(component("a", SLEEPER, tmp_path), seconds=3)
    pids = running.pids(1)
    os.write(running.owner, b"d")
    os.close(running.owner)
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(0.5)
    running.wait_gone(pids)


def test_a_renewed_lease_is_read(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(component("a", SLEEPER, tmp_path))
    pids = running.pids(1)
    lease = {"expires-at": "2020-01-01T00:00:00+00:00"}
    (running.home / "environment.json").write_text(json.dumps({"lease": lease}))
    running.tell("lease")
    running.wait_gone(pids)


def test_the_control_pipe_ends_it(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(component("a", SLEEPER, tmp_path))
    pids = running.pids(1)
    running.tell("nonsense that nobody knows\n\nend")
    running.wait_gone(pids)


def test_an_action_gets_plain_words_only(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(component("a", SLEEPER, tmp_path))
    running.pids(1)
    running.tell("greet ../bad;touch\ngreet 10.0.0.1")
    wait_until(lambda: _expect_file(tmp_path / "10.0.0.1"), deadline=Deadline(10), what="greeting")
    assert not list(tmp_path.glob("*bad*"))


def test_a_short_lived_component_may_end_well_and_lets_others_start(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    done = tmp_path / "done"
    start(
        component("second", ["touch", str(tmp_path / "second")], tmp_path, file=[str(done)])
        | {"done": str(tmp_path / "second-done")},
        component("first", ["true"], tmp_path) | {"done": str(done)},
    )
    wait_until(lambda: _expect_file(tmp_path / "second-done"), deadline=Deadline(10), what="second")
    assert (tmp_path / "second").exists()
    assert not (tmp_path / "home" / "failure.json").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it(start: Callable[..., Running], tmp_path: Path, number: int) -> None:
    running = start(component("a", SLEEPER, tmp_path))
    pids = running.pids(1)
    running.process.send_signal(number)
    running.wait_gone(pids)


def test_the_kernel_ends_the_components_of_a_killed_supervisor(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start(component("a", SLEEPER, tmp_path), component("b", SLEEPER, tmp_path))
    pids = running.pids(2)
    running.process.kill()
    running.process.wait()

    def all_gone() -> None:
        if alive := [pid for pid in pids if record.start_time(pid)]:
            raise NotYet(f"{alive} still run")

    wait_until(all_gone, deadline=Deadline(10), what="end of the components")


def test_a_component_starts_only_when_what_it_needs_is_there(start: Callable[..., Running], tmp_path: Path) -> None:
    needed = tmp_path / "needed"
    running = start(component("first", SLEEPER, tmp_path), component("second", SLEEPER, tmp_path, file=str(needed)))
    running.pids(1)
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(0.3)
    assert "second" not in record.read_json(running.home / "processes.json")
    needed.touch()
    assert len(running.pids(2)) == 2


@pytest.mark.parametrize(
    ("argv", "how"),
    [
        ([sys.executable, "-c", "print('no room'); raise SystemExit(7)"], "exited with code 7"),
        ([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], "was ended by SIGKILL"),
        (["/nonexistent/program"], "can't be started: No such file or directory"),
    ],
)
def test_a_death_is_reported_and_the_rest_lives_on(
    start: Callable[..., Running], tmp_path: Path, argv: list[str], how: str
) -> None:
    running = start(component("healthy", SLEEPER, tmp_path), component("sick", argv, tmp_path))

    def failure() -> dict[str, str]:
        found = record.read_json(running.home / "failure.json")
        if not found:
            raise NotYet("no failure yet")
        return found

    assert wait_until(failure, deadline=Deadline(10), what="failure") == {"component": "sick", "how": how}
    assert running.process.poll() is None
