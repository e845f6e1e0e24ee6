"""Wrong input and hostile surroundings: a clear error, nothing lost, nothing left."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ephemeral
from ephemeral.clusters.local.paths import paths_of
from ephemeral.errors import ClusterError
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Cluster, Ready, Spec
from tests.e2e.conftest import CLI, Run
from tests.e2e.objects import config_map, deployment
from tests.traces import traces

pytestmark = pytest.mark.cluster


def test_a_duplicate_object_names_both_files(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("double", app=[{"manifests": "app"}])
    (spec.parent / "app").mkdir()
    for name in ("one.json", "two.json"):
        (spec.parent / "app" / name).write_text(json.dumps(config_map("same", origin=name)))
    words = cli("run", "-f", spec, "--", "true", code=125).stderr
    one, two = (spec.parent / "app" / f"{name}.json:1" for name in ("one", "two"))
    assert f"ConfigMap default/same is there twice: in {one} and in {two}" in words


def test_a_folder_that_is_empty_or_missing_is_named(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("folder", app=[{"manifests": "app"}])
    assert "app does not exist" in cli("up", "-f", spec, code=11).stderr
    (spec.parent / "app").mkdir()
    (spec.parent / "app" / "notes.txt").write_text("nothing to apply")
    words = cli("up", "-f", spec, code=11).stderr
    assert "app holds no Kubernetes object" in words
    assert "*.yaml" in words
    assert traces("folder") == []


def test_a_machine_without_any_network_runs_simulated_nodes(project: Callable[..., Path]) -> None:
    words = shlex.join([*CLI, "run", "-f", str(project("offline")), "--", "true"])
    argv = ["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {words}"]
    finished = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    assert traces("offline") == []


def test_an_image_override_that_matches_nothing_names_the_images_there_are(
    cli: Run, project: Callable[..., Path]
) -> None:
    words = cli("run", "-f", project("images", deployment("web")), "--image", "wbe=x:1", "--", "true", code=125).stderr
    assert "'wbe'" in words
    assert "example.com/web" in words


def test_an_unknown_kind_is_refused_before_anything_is_sent(cli: Run, project: Callable[..., Path]) -> None:
    gadget = {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "one"}}
    spec = project("kinds", gadget, config_map("after"))
    words = cli("up", "-f", spec, code=21).stderr
    assert f"Gadget one ({spec.parent / 'app.json'}:1): nothing here serves kind Gadget of example.com/v1" in words
    assert ephemeral.attach("kinds").kube.get("v1", "ConfigMap", "after", "default") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: ConfigMap\n  broken: [", "app.yaml:2"),
        ("apiVersion: v1\nmetadata: {name: x}\n", "app.yaml"),
        ("", "app.yaml"),
    ],
)
def test_a_broken_manifest_is_named_with_its_line(cli: Run, tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "app.yaml").write_text(text)
    (tmp_path / "ephemeral.yaml").write_text("name: broken\ncluster: {nodes: simulated}\napp: {manifests: app.yaml}\n")
    words = cli("up", code=11).stderr
    assert complaint in words
    assert traces("broken") == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--ttl", "soon"], "'soon' is no duration"),
        (["--ttl", "0s"], "0s"),
        (["--name", "Not_A_Name"], "'Not_A_Name' is no DNS-1123 label"),
        (["--name", "x" * 41], "at most 40"),
        (["--kubernetes", "1.2"], "1.2"),
        (["--set", "cluster.colour=red"], "colour"),
    ],
)
def test_wrong_options(cli: Run, arguments: list[str], complaint: str) -> None:
    finished = cli("up", "--nodes", "simulated", *arguments, code=11)
    assert complaint in finished.stderr
    assert "Traceback" not in finished.stderr


def test_manifests_from_standard_input(cli: Run) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: piped}\ndata: {a: b}\n"
    cli("up", "--name", "piped", "--nodes", "simulated", "--set", "app=[{manifests: '-'}]", input=text)
    found = ephemeral.attach("piped").kube.get("v1", "ConfigMap", "piped", "default")
    assert found
    assert found["data"] == {"a": "b"}


def test_an_option_with_a_fixed_choice_is_a_usage_error(cli: Run) -> None:
    assert "'imaginary' is not one of 'real', 'simulated'" in cli("up", "--nodes", "imaginary", code=2).stderr


def test_an_app_beyond_the_quota_is_refused_with_the_arithmetic(cli: Run, project: Callable[..., Path]) -> None:
    words = cli("run", "-f", project("many", deployment("web", replicas=21)), "--", "true", code=125).stderr
    assert "21 > 20" in words


def test_a_quota_that_only_an_update_exceeds_ends_the_wait(cli: Run, project: Callable[..., Path]) -> None:
    web = deployment("web", replicas=2)
    web["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec = project("surge", web, isolation={"quota": {"pods": "2"}})
    cli("up", "-f", spec)
    words = cli("deploy", "-f", spec, "--image", "example.com/web=example.com/web:2", code=20).stderr
    assert "Deployment default/web" in words
    assert "exceeded quota: ephemeral, requested: pods=1, used: pods=2, limited: pods=2" in words


def test_a_life_too_short_to_start_in_is_no_hang(cli: Run) -> None:
    words = cli("up", "--name", "brief", "--nodes", "simulated", "--ttl", "1s", code=16).stderr
    assert "environment brief has ended with its lease" in words
    assert traces("brief") == []


def test_a_component_that_died_is_blamed_for_what_follows() -> None:
    spec = Spec(name="headless", cluster=Cluster(nodes="simulated"), ready=Ready(timeout="2s"))
    with ephemeral.up(spec) as env:
        processes = json.loads(paths_of("headless").processes.read_text())
        os.kill(processes["kube-scheduler"]["pid"], signal.SIGKILL)
        with pytest.raises(ClusterError, match="kube-scheduler was ended by SIGKILL; its last log lines:\n"):
            env.deploy([Manifest(object=deployment("web"), origin="app.json:1")])


def test_removing_what_is_not_there_succeeds(cli: Run) -> None:
    assert cli("down", "nobody").stdout == "nobody: was not there\n"


def test_a_state_directory_that_can_not_be_made(cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good"
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path / "file" / "state"))
    words = cli("up", "--name", "nowhere", "--nodes", "simulated", code=22).stderr
    assert "can't be created: Not a directory" in words
    assert "EPHEMERAL_STATE_DIR" in words
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(good))


@pytest.fixture(params=["16k", "8m"])
def tiny_disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory on a file system with room for next to nothing, or for too little."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", mount], check=True)
    try:
        with monkeypatch.context() as patch:
            patch.setenv("EPHEMERAL_STATE_DIR", str(mount))
            yield mount
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(cli: Run, tiny_disk: Path) -> None:
    words = cli("up", "--name", "full", "--nodes", "simulated", code=22).stderr
    assert "No space left on device" in words
    assert [path for path in tiny_disk.rglob("*") if path.is_file()] == []
    assert traces("full") == []
