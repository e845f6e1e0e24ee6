"""`ephemeral run`: the main job, and every way in which it can end."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ephemeral.fleet import collect
from tests.e2e.conftest import CLI, Run
from tests.e2e.objects import deployment, service
from tests.traces import traces, wait_no_traces

pytestmark = pytest.mark.cluster


def test_the_guestbook_example_passes_its_tests_and_leaves_nothing(cli: Run, repository: Path) -> None:
    example = repository / "examples" / "guestbook"
    finished = cli(
        "run", "-f", example / "ephemeral.yaml", "--name", "book", "--", sys.executable, "-m", "pytest", "-q",
        "-p", "no:cacheprovider", "-c", "/dev/null", example / "tests",
    )  # fmt: skip
    assert "3 passed" in finished.stdout
    assert traces("book") == []


def test_the_command_finds_the_cluster_and_its_exit_code_is_ours(
    cli: Run, project: Callable[..., Path], tmp_path: Path
) -> None:
    spec = project("codes", deployment("web", replicas=2), service("web"))
    seen = tmp_path / "seen"
    script = f'echo "$EPHEMERAL_CURRENT $KUBECONFIG" > {seen}; stat -c %a "$KUBECONFIG" >> {seen}; exit 7'
    finished = cli("run", "-f", spec, "--", "sh", "-c", script, code=7)
    words = seen.read_text().split()
    name = words[0]
    assert name.startswith("codes-")
    assert words[1].endswith(f"/{name}/kubeconfig")
    assert words[2] == "600"
    assert traces(name) == []
    report = tmp_path / "ephemeral-report" / name
    assert str(report.relative_to(tmp_path)) in finished.stderr
    assert "kube-apiserver.log" in {path.name for path in (report / "components").iterdir()}
    assert "web" in (report / "pods.txt").read_text()


def test_a_command_killed_by_a_signal_reads_as_in_a_shell(cli: Run, project: Callable[..., Path]) -> None:
    cli("run", "-f", project("killed"), "--", "sh", "-c", "kill -KILL $$", code=128 + signal.SIGKILL)


def test_our_own_failures_are_125_and_come_before_any_cluster(
    cli: Run, project: Callable[..., Path], tmp_path: Path
) -> None:
    spec = project("early")
    assert "command not found: no-such-program" in cli("run", "-f", spec, "--", "no-such-program", code=125).stderr
    assert "there is no command to run" in cli("run", "-f", spec, code=125).stderr
    assert "nowhere.yaml" in cli("run", "-f", "nowhere.yaml", "--", "true", code=125).stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\nclutser: {}\n")
    complaint = cli("run", "-f", broken, "--", "true", code=125).stderr
    assert "broken.yaml:2" in complaint
    assert "clutser" in complaint
    assert "cluster" in complaint


def test_an_app_that_can_not_become_ready_is_125_with_the_reason(
    cli: Run, project: Callable[..., Path], tmp_path: Path
) -> None:
    greedy = deployment("greedy", resources={"requests": {"cpu": "9"}, "limits": {"cpu": "9"}}, replicas=1)
    privileged = deployment("root", securityContext={"privileged": True})
    finished = cli("run", "-f", project("refused", greedy, privileged), "--name", "refused", "--", "true", code=125)
    assert "Deployment default/root: 0/1 ready" in finished.stderr
    assert 'violates PodSecurity "baseline:latest"' in finished.stderr
    assert "privileged" in (tmp_path / "ephemeral-report" / "refused" / "events.txt").read_text()
    assert traces("refused") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_command_runs_reaches_it_and_ends_everything(
    project: Callable[..., Path], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    spec = project("signalled")
    script = "trap 'echo command ended; exit 0' INT TERM; echo started; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [*CLI, "run", "-f", spec, "--name", "signalled", "--", "sh", "-c", script],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(number)
    output, complaint = process.communicate(timeout=30)
    assert process.returncode == code, complaint
    assert "command ended" in output
    assert traces("signalled") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_at_any_moment_leaves_nothing(
    project: Callable[..., Path], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    spec = project("anytime", deployment("web", replicas=3))
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for attempt in range(6):
        name = f"anytime-{attempt}"
        process = subprocess.Popen(
            [*CLI, "run", "-f", spec, "--name", name, "--", "sleep", "600"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        )  # fmt: skip
        # From the first import to the running command.
        time.sleep(moments.uniform(0.3, 5))
        process.send_signal(number)
        _, complaint = process.communicate(timeout=30)
        assert process.returncode == code, complaint
        if number == signal.SIGKILL:
            try:
                wait_no_traces(name, seconds=2)
            except Exception:  # killed before there was a supervisor: files only, and gc's to remove
                assert [entry.error for entry in collect()] == [""]
        assert traces(name) == []
