"""Loading into a real containerd, with a root, a state and a socket of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ephemeral.errors import ProgramError, SpecError
from ephemeral.images import load, prepare
from ephemeral.images.ctr import ctr_argv
from ephemeral.process import run
from ephemeral.tools import require
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.images import build_image
from tests.unit.images.test_archive import compressed, repack, several_platforms
from tests.unit.images.test_overrides import image, several

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(os.geteuid() != 0, reason="containerd mounts images as root"),
]

CONFIG = """
version = 3
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]
[grpc]
address = "{folder}/socket"
[plugins.'io.containerd.internal.v1.opt']
path = "{folder}/opt"
"""


class Containerd:
    def __init__(self, folder: Path, ctr: Path) -> None:
        self.where = {"ctr": ctr, "socket": folder / "socket"}

    def ask(self, *words: str) -> list[str]:
        argv = ctr_argv(self.where["ctr"], self.where["socket"], *words)
        return run(argv, timeout=30).stdout.splitlines()

    def names(self) -> set[str]:
        return set(self.ask("images", "list", "-q"))

    def usable(self) -> bool:
        """Every image is whole and unpacked: a container could start."""
        rows = self.ask("images", "check")[1:]
        return bool(rows) and all("complete" in row and row.split()[-1] == "true" for row in rows)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containerd]:
    folder = tmp_path_factory.mktemp("ctrd")
    programs = require(["containerd", "ctr"])
    (folder / "config.toml").write_text(CONFIG.format(folder=folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs["containerd"], "--config", folder / "config.toml"], stdout=log, stderr=log, start_new_session=True
        )
    made = Containerd(folder, programs["ctr"])

    def answers() -> None:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            made.ask("version")
        except ProgramError as error:
            raise NotYet(error.message) from error

    try:
        wait_until(answers, deadline=Deadline(30), what="containerd")
        yield made
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def containerd(server: Containerd) -> Iterator[Containerd]:
    yield server
    for name in server.names():
        server.ask("images", "remove", "--sync", name)
    assert server.ask("content", "list", "-q") == []


@pytest.mark.parametrize("oci", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_names_of_the_archive(containerd, tmp_path, oci, packed):
    path = image(tmp_path / "web.tar", "web:1", oci=oci)
    assert load(compressed(path) if packed else path, **containerd.where) == ("docker.io/library/web:1",)
    assert "docker.io/library/web:1" in containerd.names()
    assert containerd.usable()


def test_an_oci_directory(containerd, tmp_path):
    load(image(tmp_path / "layout", "acme/web:1", oci=True), **containerd.where)
    assert "docker.io/acme/web:1" in containerd.names()
    assert containerd.usable()


@pytest.mark.parametrize("oci", [False, True])
@pytest.mark.parametrize("own", ["", "acme/web:1"])
def test_the_name_that_manifests_will_have(containerd, tmp_path, oci, own):
    made = prepare("ghcr.io/acme/web", image(tmp_path / "web.tar", own, oci=oci))
    load(made.archive, made.name, **containerd.where)
    assert made.name in containerd.names()
    assert containerd.usable()


def test_a_name_moves_to_the_newer_image(containerd, tmp_path):
    for content in (b"old", b"new"):
        load(image(tmp_path / f"{content.decode()}.tar", "web:1", content), "shop/web:1", **containerd.where)
    assert containerd.usable()
    target = [row.split()[2] for row in containerd.ask("images", "list") if row.startswith("docker.io/shop/web:1")]
    layers = containerd.ask("content", "get", *target)
    assert len(target) == 1
    assert "manifests" in "".join(layers)


def test_one_of_several_gets_another_name(containerd, tmp_path):
    path = several(tmp_path, "acme/web:1", "acme/db:1")
    assert load(path, "acme/db:2", **containerd.where) == ("docker.io/acme/db:2",)
    assert containerd.names() == {f"docker.io/acme/{name}" for name in ("web:1", "db:1", "db:2")}
    assert containerd.usable()


def test_a_multi_platform_archive_without_the_others(containerd, tmp_path):
    path = repack(image(tmp_path / "web.tar", "acme/web:1", oci=True), several_platforms)
    load(path, "shop/web:1", **containerd.where)
    assert "docker.io/shop/web:1" in containerd.names()


def test_nothing_is_left_of_a_refused_archive(containerd, tmp_path):
    path = image(tmp_path / "web.tar", "acme/web:1")

    def change(files):
        config = next(name for name in files if name not in ("manifest.json", "layer.tar"))
        files[config] = files[config].replace(b"sha256:", b"sha256:0")[:-1] + b"}"

    with pytest.raises(ProgramError):
        load(repack(path, change), **containerd.where)


def test_no_containerd_there(containerd, tmp_path):
    path = build_image(tmp_path / "web.tar", "web", {"app": b"a"})
    with pytest.raises(ProgramError):
        load(path, ctr=containerd.where["ctr"], socket=tmp_path / "none", deadline=Deadline(20))
    with pytest.raises(SpecError):
        load(tmp_path / "none.tar", **containerd.where)
