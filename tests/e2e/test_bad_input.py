"""Wrong input and hostile surroundings: a clear error, nothing lost, nothing left."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.objects import config_map, deployment
from tests.traces import traces

pytestmark = pytest.mark.cluster


def test_a_duplicate_object_names_both_places(cli: Run, project: Callable[..., Path]) -> None:
    spec = project("double", config_map("same"), config_map("same", colour="red"))
    words = cli("up", "-f", spec, code=None).stderr
    assert "ConfigMap default/same" in words
    assert words.count("app.json") >= 2


def test_an_image_override_that_matches_nothing_names_the_images_there_are(
    cli: Run, project: Callable[..., Path]
) -> None:
    words = cli("run", "-f", project("images", deployment("web")), "--image", "wbe=x:1", "--", "true", code=125).stderr
    assert "'wbe'" in words
    assert "example.com/web" in words


def test_an_unknown_kind_is_refused_before_anything_is_sent(cli: Run, project: Callable[..., Path]) -> None:
    gadget = {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "one"}}
    words = cli("up", "-f", project("kinds", gadget, config_map("after")), code=21).stderr
    assert "Gadget" in words
    cli("exec", "--name", "kinds", "--", "true")
    cli("down", "kinds")


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
    import ephemeral

    assert ephemeral.attach("piped").kube.get("v1", "ConfigMap", "piped", "default")
    cli("down", "piped")


def test_an_option_with_a_fixed_choice_is_a_usage_error(cli: Run) -> None:
    assert "'imaginary' is not one of 'real', 'simulated'" in cli("up", "--nodes", "imaginary", code=2).stderr


def test_an_app_beyond_the_quota_is_refused_with_the_arithmetic(cli: Run, project: Callable[..., Path]) -> None:
    words = cli("run", "-f", project("many", deployment("web", replicas=21)), "--", "true", code=125).stderr
    assert "21 > 20" in words


def test_a_state_directory_that_can_not_be_made(cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good"
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path / "file" / "state"))
    words = cli("up", "--name", "nowhere", "--nodes", "simulated", code=22).stderr
    assert "can't be created: Not a directory" in words
    assert "EPHEMERAL_STATE_DIR" in words
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(good))


@pytest.fixture
def tiny_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory on a file system with room for next to nothing."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", mount], check=True)
    before = monkeypatch
    before.setenv("EPHEMERAL_STATE_DIR", str(mount))
    try:
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True)
        before.setenv("EPHEMERAL_STATE_DIR", str(tmp_path / "again"))


def test_a_full_disk_is_named_and_leaves_nothing(cli: Run, tiny_disk: Path) -> None:
    words = cli("up", "--name", "full", "--nodes", "simulated", code=22).stderr
    assert "No space left on device" in words
    assert traces("full") == []
