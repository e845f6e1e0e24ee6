"""What `load` runs, and images saved by the machine's own engine; ctr and engines are scripts here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ephemeral.errors import ProgramError, SpecError, ToolError
from ephemeral.images import load, read_archive
from ephemeral.images.load import load_commands
from ephemeral.images.saved import archive_of, save
from tests.images import build_image
from tests.unit.images.test_overrides import image, several

SOCKET = Path("/run/containerd.sock")


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable shell script into the folder bin."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


def commands(path: Path, name: str | None = None, **options) -> list[str]:
    made = load_commands(read_archive(path), name, ctr=Path("/bin/ctr"), socket=SOCKET, **options)
    return [" ".join(each).replace(f"/bin/ctr --address {SOCKET} --namespace k8s.io images", "CTR") for each in made]


def test_an_archive_keeps_its_names(tmp_path):
    path = image(tmp_path / "web.tar", "acme/web:1")
    assert commands(path) == [f"CTR import --local {path}"]
    assert commands(path, "docker.io/acme/web:1") == [f"CTR import --local {path}"]


def test_another_name(tmp_path):
    path = image(tmp_path / "web.tar", "acme/web:1")
    naming = "--index-name ghcr.io/x/web:2 --base-name ghcr.io/x/web"
    assert commands(path, "ghcr.io/x/web:2") == [f"CTR import --local {naming} {path}"]


def test_a_short_name_in_an_oci_archive_is_completed(tmp_path):
    """containerd would keep `web:1`, by which Kubernetes finds nothing."""
    path = image(tmp_path / "web.tar", "web:1", oci=True)
    naming = "--index-name docker.io/library/web:1 --base-name docker.io/library/web"
    assert commands(path) == [f"CTR import --local {naming} {path}"]


def test_of_several_images_one_gets_the_name(tmp_path):
    path = several(tmp_path, "acme/web:1", "acme/db:1")
    tag = "CTR tag docker.io/acme/db:1 docker.io/acme/db:2"
    assert commands(path, "acme/db:2") == [f"CTR import --local {path}", tag]


def test_a_prefix_goes_before_ctr(tmp_path):
    path = image(tmp_path / "web.tar", "acme/web:1")
    assert commands(path, prefix=("sudo", "-n")) == [f"sudo -n CTR import --local {path}"]


def test_no_name_at_all(tmp_path):
    with pytest.raises(SpecError) as caught:
        load(image(tmp_path / "web.tar", ""), ctr=Path("/bin/false"), socket=SOCKET)
    assert "has no name" in caught.value.message
    assert "--as" in str(caught.value.hint)


def test_an_oci_directory_is_packed_on_the_way(tmp_path, script):
    layout = image(tmp_path / "my layout", "web:1", oci=True)
    ctr = script("ctr", f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/stream.tar')
    assert load(layout, ctr=ctr, socket=SOCKET) == ("docker.io/library/web:1",)
    assert (tmp_path / "words").read_text().endswith("--base-name docker.io/library/web -\n")
    assert read_archive(tmp_path / "stream.tar").key == read_archive(layout).key


def test_containerds_own_words(tmp_path, script):
    ctr = script("ctr", "echo 'ctr: no space left on device' >&2; exit 1")
    with pytest.raises(ProgramError, match="no space left on device"):
        load(image(tmp_path / "web.tar", "web"), ctr=ctr, socket=SOCKET)


def test_an_image_of_docker_is_saved(tmp_path, script, monkeypatch):
    source = build_image(tmp_path / "source.tar", "shop:dev", {"app": b"a"})
    script("docker", f'[ "$1 $4" = "save shop:dev" ] && cat {source} > "$3"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with archive_of("shop:dev") as (path, name):
        assert name == "shop:dev"
        assert read_archive(path).names == ("docker.io/library/shop:dev",)
    assert not path.exists()


def test_the_next_engine_is_asked(tmp_path, script, monkeypatch):
    script("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    script("podman", "/usr/bin/touch $3 || /bin/touch $3")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert save("shop", tmp_path / "shop.tar").exists()


def test_no_engine_has_it(tmp_path, script, monkeypatch):
    script("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    script("podman", "echo 'image not known' >&2; exit 125")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ProgramError) as caught:
        save("shop", tmp_path / "shop.tar")
    assert "Cannot connect" in caught.value.message
    assert "image not known" in caught.value.message


def test_no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="none of docker, podman, nerdctl is on PATH"):
        save("shop", tmp_path / "shop.tar")


def test_neither_path_nor_name(tmp_path):
    with pytest.raises(SpecError, match="is no name of an image"):
        save("--help", tmp_path / "shop.tar")


def test_what_lies_there_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image(tmp_path / "layout", "web", oci=True)
    (tmp_path / "shop").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    with archive_of("layout") as found:
        assert found == (Path("layout"), None)
    with pytest.raises(ToolError), archive_of("shop"):
        pass
