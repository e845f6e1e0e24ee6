"""`up` to `down`, with everything that can be asked in between."""

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from tests.e2e.conftest import Run
from tests.e2e.objects import config_map, deployment, service
from tests.traces import traces

pytestmark = pytest.mark.cluster


def test_the_life_of_an_environment(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("life", deployment("web", replicas=2), service("web"), config_map("settings", colour="blue"))
    made = json.loads(cli("up", "-f", spec, "--ttl", "20m", "-o", "json").stdout)
    assert (made["name"], made["state"], made["nodes"]) == ("life", "running", "simulated")
    assert [entry["name"] for entry in json.loads(cli("list", "-o", "json").stdout)] == ["life"]
    state = json.loads(cli("status", "life", "-o", "json").stdout)
    assert state["workloads"] == {"Deployment default/web": "2/2 ready"}
    assert "2/2 ready" in cli("status").stdout
    assert cli("kubeconfig", "--path").stdout.strip() == made["kubeconfig"]
    assert json.loads(cli("kubeconfig", "life").stdout)["kind"] == "Config"
    assert cli("exec", "--", "sh", "-c", "echo $EPHEMERAL_CURRENT; exit 3", code=3).stdout == "life\n"
    assert "ScalingReplicaSet" in cli("events").stdout
    assert any(event["reason"] == "Scheduled" for event in json.loads(cli("events", "-o", "json").stdout))
    assert "Serving securely" in cli("logs", "--component", "kube-apiserver").stdout
    assert "there is no log of nothing" in cli("logs", "--component", "nothing", code=18).stderr

    again = json.loads(cli("up", "-f", spec, "--ttl", "2h", "-o", "json").stdout)
    assert again["created-at"] == made["created-at"]
    assert again["expires-at"] > made["expires-at"]
    app = json.loads((spec.parent / "app.json").read_text())
    app["items"][0]["spec"]["replicas"] = 4
    (spec.parent / "app.json").write_text(json.dumps(app))
    cli("deploy", "-f", spec)
    assert json.loads(cli("status", "-o", "json").stdout)["workloads"] == {"Deployment default/web": "4/4 ready"}
    other = cli("up", "-f", spec, "--kubernetes", "1.35", code=16)
    assert "kubernetes 1.36.3, asked for: 1.35" in other.stderr
    stricter = cli("up", "-f", spec, "--set", "isolation.pod-security=restricted", code=16)
    assert "pod-security baseline, asked for: restricted" in stricter.stderr
    assert "ephemeral down life" in other.stderr

    assert cli("down", "life", "nobody").stdout == "life: removed\nnobody: was not there\n"
    assert traces("life") == []
    assert cli("gc").stdout == "Nothing to collect.\n"
    assert "there is no environment life" in cli("status", "life", code=18).stderr


def test_an_up_whose_app_fails_keeps_the_environment_for_a_look(
    cli: Run, project: Callable[..., Path], tmp_path: Path
) -> None:
    huge = {"requests": {"cpu": "33", "memory": "1Gi"}, "limits": {"cpu": "33", "memory": "1Gi"}}
    spec = project("kept", deployment("huge", resources=huge), isolation={"preset": "none"})
    finished = cli("up", "-f", spec, code=20)
    assert "Deployment default/huge: 0/1 ready" in finished.stderr
    assert "Insufficient cpu" in finished.stderr
    assert (tmp_path / "ephemeral-report" / "kept" / "summary.txt").read_text().startswith("Deployment default/huge")
    assert json.loads(cli("status", "kept", "-o", "json").stdout)["state"] == "running"
    cli("down", "kept")


def test_two_ups_of_one_name_at_once_end_in_one_environment(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("twice", deployment("web"))
    outcomes: list[subprocess.CompletedProcess[str]] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(cli("up", "-f", spec, "-o", "json", code=None)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(outcome.returncode for outcome in outcomes)
    assert codes in ([0, 0], [0, 17]), [outcome.stderr for outcome in outcomes]
    assert [entry["name"] for entry in json.loads(cli("list", "-o", "json").stdout)] == ["twice"]
    assert json.loads(cli("status", "twice", "-o", "json").stdout)["workloads"]


def test_without_any_file_up_gives_an_empty_cluster(cli: Run, tmp_path: Path) -> None:
    cli("up", "--name", "bare", "--nodes", "simulated")
    assert "several" not in cli("kubeconfig").stdout
    cli("down", "bare")


@pytest.mark.parametrize(
    ("key", "keys"),
    [("expose", {"expose": [{"service": "web"}]}), ("ready.http", {"ready": {"http": [{"service": "web"}]}})],
)
def test_simulated_nodes_promise_no_answers(cli: Run, project: Callable[..., Path], key: str, keys: Any) -> None:
    finished = cli("up", "-f", project("mute", **keys), code=11)
    assert f"{key}: Service web can't answer: simulated nodes run nothing" in finished.stderr
    assert cli("list").stdout.startswith("No environment")


def test_a_service_of_simulated_nodes_has_no_url(cli: Run, project: Callable[..., Path]) -> None:
    cli("up", "-f", project("mute", service("web")))
    assert "simulated nodes run nothing" in cli("url", "web", code=16).stderr
    assert "there is no Service default/nope" in cli("url", "nope", code=11).stderr
    cli("down", "mute")


def test_network_rules_of_real_nodes_are_not_changed_in_place(cli: Run, project: Callable[..., Path]) -> None:
    cli("up", "-f", project("edged", cluster={}))
    spec = project("edged-again", cluster={}, isolation={"network": {"public-egress": False}})
    finished = cli("up", "-f", spec, "--name", "edged", code=16)
    assert "network rules public egress, asked for: no public egress" in finished.stderr
    cli("down", "edged")


def test_a_block_removes_only_what_it_made(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("found", config_map("settings"))
    with ephemeral.up(spec) as made:
        assert traces(made.name)
        with ephemeral.up(spec) as found:
            assert found.kubeconfig == made.kubeconfig
        assert made.describe()["state"] == "running"
        cli("run", "-f", spec, "--name", "found", "--", "true")
        assert made.describe()["state"] == "running"
    assert traces("found") == []
