"""Real nodes: pods run and answer, side by side, and nothing of them stays, however they end."""

import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ephemeral.clusters import record
from ephemeral.clusters.local.paths import paths_of
from ephemeral.fleet import collect
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.e2e.conftest import CLI, Run, kubeconfig, kubectl
from tests.e2e.objects import deployment
from tests.images import BUSYBOX, build_image
from tests.machine import changes, wait_unchanged

pytestmark = pytest.mark.cluster


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def processes(name: str) -> dict[str, dict[str, int]]:
    return record.read_json(paths_of(name).processes)


def test_a_command_reaches_the_app_and_nothing_is_left(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    fetch = "import os, urllib.request as u; print(u.urlopen(os.environ['EPHEMERAL_URL']).read().decode())"
    spec = web("traffic", ready={"http": [{"service": "web", "path": "/index.html"}]})
    finished = cli("run", "-f", spec, "--", "python3", "-c", fetch)
    assert finished.stdout == "hello\n\n"


def test_environments_side_by_side_do_not_meet(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    outcomes: dict[str, dict[str, Any]] = {}

    def make(name: str) -> None:
        outcomes[name] = json.loads(cli("up", "-f", web(name), "-o", "json").stdout)

    threads = [threading.Thread(target=make, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    urls = {name: cli("url", "web", "--name", name).stdout.strip() for name in ("left", "right")}
    assert urls["left"] != urls["right"]
    assert [get(url) for url in urls.values()] == ["hello\n", "hello\n"]
    host = urls["right"].removeprefix("http://").rstrip("/")
    asked = kubectl("left", "exec", "deploy/web", "--", "nc", "-w", "3", host, "80", check=False)
    assert asked.returncode != 0, "a pod of one environment reached a Service of another"
    with pytest.raises(subprocess.CalledProcessError, match=r"non-zero"):
        kubectl("left", "get", "pods", server=kubeconfig("right")["clusters"][0]["cluster"]["server"])
    cli("down", "left", "right")


def test_ten_environments_one_after_another_leave_a_machine_as_it_was(
    cli: Run, tmp_path: Path, machine: dict[str, list[str]]
) -> None:
    for number in range(10):
        cli("run", "--name", f"series-{number}", "--nodes", "real", "--", "true")
    assert changes(machine) == []


@pytest.mark.parametrize("victim", ["kubelet", "containerd", "kube-proxy", "coredns", "etcd"])
def test_a_killed_program_is_reported_and_the_rest_can_be_removed(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]], victim: str
) -> None:
    cli("up", "-f", web("wounded"))
    os.kill(processes("wounded")[victim]["pid"], signal.SIGKILL)

    def reported() -> str:
        state = json.loads(cli("list", "-o", "json").stdout)[0]["state"]
        if state != "failed":
            raise NotYet(state)
        return str(state)

    wait_until(reported, deadline=Deadline(20), what="word of the death")
    assert f"{victim} was ended by SIGKILL" in cli("status", "wounded", code=None).stdout
    cli("down", "wounded")


def test_the_death_of_the_keeper_ends_every_pod_and_gc_removes_the_rest(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    cli("up", "-f", web("orphaned"))
    os.kill(processes("orphaned")["supervisor"]["pid"], signal.SIGKILL)
    wait_until(lambda: _expect_dead("orphaned", cli), deadline=Deadline(10), what="end")
    assert "orphaned" in cli("gc", "--check", code=1).stdout
    assert "orphaned" in cli("gc").stdout
    assert cli("gc", "--check").stdout == "Nothing to collect.\n"


def _expect_dead(name: str, cli: Run) -> None:
    state = json.loads(cli("list", "-o", "json").stdout)[0]["state"]
    if state != "dead":
        raise NotYet(state)


def test_the_death_of_its_first_process_removes_an_environment(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    cli("up", "-f", web("headless"))
    etcd = processes("headless")["etcd"]["pid"]
    init = int(Path(f"/proc/{etcd}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(init, signal.SIGKILL)
    wait_unchanged(machine)
    assert cli("list").stdout.startswith("No environment")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_any_moment_of_run_leaves_nothing(
    web: Callable[..., Path], tmp_path: Path, machine: dict[str, list[str]], number: signal.Signals
) -> None:
    spec = web("anytime")
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for attempt in range(4):
        process = subprocess.Popen(
            [*CLI, "run", "-f", spec, "--name", f"anytime-{attempt}", "--", "sleep", "600"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path,
        )  # fmt: skip
        time.sleep(moments.uniform(0.2, 7))
        process.send_signal(number)
        process.wait(30)
        try:
            wait_unchanged(machine, seconds=5)
        except Exception:
            if number != signal.SIGKILL:
                raise
            assert all(entry.error == "" for entry in collect())  # killed before the keeper had its pipe
            wait_unchanged(machine)


def test_images_that_can_not_be_had_end_the_wait_at_once(
    cli: Run, project: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    spec = project("unknown", deployment("web", image="registry.invalid/nothing:1"), cluster={})
    began = time.monotonic()
    finished = cli("run", "-f", spec, "--", "true", code=125)
    assert time.monotonic() - began < 60
    assert "registry.invalid/nothing:1" in finished.stderr
    assert "ErrImagePull" in finished.stderr or "ImagePullBackOff" in finished.stderr


def test_archives_that_can_not_be_used_are_refused_before_anything_is_made(
    cli: Run, web: Callable[..., Path], tmp_path: Path, machine: dict[str, list[str]]
) -> None:
    foreign = build_image(tmp_path / "foreign.tar", "busybox", {"x": b"x"}, arch="s390x")
    (tmp_path / "cut.tar").write_bytes(foreign.read_bytes()[:700])
    complaints = {foreign: "linux/s390x", tmp_path / "cut.tar": "cut off", tmp_path / "none.tar": "can't be read"}
    for number, (archive, words) in enumerate(complaints.items()):
        spec = web(f"refused-{number}", images={"busybox": str(archive)})
        complaint = cli("run", "-f", spec, "--", "true", code=125).stderr
        assert words in complaint
        assert archive.name in complaint


def test_a_leftover_of_the_same_name_is_no_obstacle(
    cli: Run, web: Callable[..., Path], machine: dict[str, list[str]]
) -> None:
    spec = web("again")
    cli("up", "-f", spec)
    os.kill(processes("again")["supervisor"]["pid"], signal.SIGKILL)
    wait_until(lambda: _expect_dead("again", cli), deadline=Deadline(10), what="end")
    cli("up", "-f", spec)
    assert get(cli("url", "web").stdout.strip()) == "hello\n"
    cli("down", "again")


def test_an_update_in_place_loads_the_new_image(
    cli: Run, web: Callable[..., Path], busybox: Path, tmp_path: Path, machine: dict[str, list[str]]
) -> None:
    spec = web("updated")
    cli("up", "-f", spec)
    content = json.loads(spec.read_text())
    other = tmp_path / "other.tar"
    from tests.images import busybox_files

    content["images"]["busybox"] = str(build_image(other, BUSYBOX, {**busybox_files(), "new": b"yes"}))
    spec.write_text(json.dumps(content))
    cli("up", "-f", spec)
    assert kubectl("updated", "exec", "deploy/web", "--", "cat", "/new").stdout == "yes"
    cli("down", "updated")
