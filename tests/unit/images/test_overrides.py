"""`images:` of ephemeral.yaml: names, archives, and the names that archives are loaded by."""

import json
import tarfile
from pathlib import Path

import pytest

from ephemeral.errors import SpecError
from ephemeral.images import prepare, split_images
from ephemeral.spec.archives import is_archive
from ephemeral.spec.load import load
from tests.images import build_image
from tests.unit.images.test_archive import pack


@pytest.mark.parametrize(
    ("value", "is_path"),
    [
        ("./web", True),
        ("../out/web.tar", True),
        ("/srv/web", True),
        ("web.tar", True),
        ("out/web.tar.gz", True),
        ("web.tgz", True),
        ("web.oci", True),
        ("web", False),
        ("ghcr.io/acme/web:1.tarball", False),
        ("localhost/web:dev", False),
        ("~/web", False),
    ],
)
def test_the_rule(value, is_path):
    assert is_archive(value) == is_path


def test_split():
    overrides, archives = split_images({"web": "./web", "redis": "valkey:8", "db": "db.tar"})
    assert overrides == {"redis": "valkey:8"}
    assert archives == {"web": Path("web"), "db": Path("db.tar")}


@pytest.mark.parametrize("value", ["./out/web", "out/web.tar", "../web.tgz"])
def test_paths_start_at_the_folder_of_the_file(tmp_path, value):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "ephemeral.yaml").write_text(f"images:\n  web: {value}\n  redis: valkey:8\n")
    images = load(folder / "ephemeral.yaml", environ={}).spec.images
    assert images == {"web": str(folder / value), "redis": "valkey:8"}
    assert split_images(images)[1] == {"web": folder / value}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("web.tar.xz", "'web.tar.xz' is packed in a way that is not read. Make it a .tar or a .tar.gz."),
        ("./web.tar.zst", "'./web.tar.zst' is packed in a way that is not read. Make it a .tar or a .tar.gz."),
    ],
)
def test_complaints_name_file_and_line(tmp_path, value, complaint):
    file = tmp_path / "ephemeral.yaml"
    file.write_text(f"images:\n  redis: valkey:8\n  web: {value}\n")
    with pytest.raises(SpecError) as caught:
        load(file, environ={})
    assert caught.value.message == f"{file}:3: images.web: {complaint}"


def image(path: Path, name: str, content: bytes = b"a", **options) -> Path:
    return build_image(path, name, {"app": content}, ["/app"], **options)


def test_the_name_is_the_manifests_with_a_tag_of_the_content(tmp_path):
    archive = image(tmp_path / "web.tar", "whatever:9")
    made = prepare("ghcr.io/acme/web:latest", archive)
    repository, _, tag = made.name.rpartition(":")
    assert repository == "ghcr.io/acme/web"
    assert tag.startswith("archive-")
    assert prepare("ghcr.io/acme/web", image(tmp_path / "same.tar", "")).name == made.name
    assert prepare("ghcr.io/acme/web", image(tmp_path / "new.tar", "", b"b")).name != made.name


def several(folder: Path, *names: str) -> Path:
    """An archive of several images, as `docker save A B` writes it."""
    files: dict[str, bytes] = {}
    manifests = []
    for number, name in enumerate(names):
        with tarfile.open(image(folder / f"{number}.tar", name, name.encode())) as tar:
            contents = {member.name: tar.extractfile(member).read() for member in tar}
        (manifest,) = json.loads(contents.pop("manifest.json"))
        files |= {file.replace("layer.tar", f"{number}/layer.tar"): content for file, content in contents.items()}
        manifests.append({**manifest, "Layers": [f"{number}/layer.tar"]})
    return pack(folder / "all.tar", {**files, "manifest.json": json.dumps(manifests).encode()})


def test_of_several_images_the_one_of_that_name_is_meant(tmp_path):
    archive = several(tmp_path, "acme/web:1", "acme/db:1")
    assert prepare("docker.io/acme/db", archive).image.names == ("docker.io/acme/db:1",)


@pytest.mark.parametrize(("name", "problem"), [("cache", "none of them"), ("acme/web", "several of them")])
def test_of_several_images_none_or_too_many_fit(tmp_path, name, problem):
    archive = several(tmp_path, "acme/web:1", "acme/web:2", "acme/db:1")
    with pytest.raises(SpecError) as caught:
        prepare(name, archive)
    assert f"{problem} could be {name}" in caught.value.message
    assert "docker.io/acme/db:1" in caught.value.message
