"""What archives say about themselves, and what is found wrong with them without reading their layers."""

import gzip
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from ephemeral.errors import SpecError
from ephemeral.images import read_archive
from tests.images import ARCHITECTURE, build_image

OTHER = {"amd64": "arm64", "arm64": "amd64"}[ARCHITECTURE]
FILES = {"app": b"\x7fELF program", "etc/": b"", "link": "app"}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Build an image under a file name: ``oci`` in front of its suffix makes an OCI archive."""

    def make(file: str = "web.tar", name: str = "acme/web:1", **options) -> Path:
        return build_image(tmp_path / file, name, options.pop("files", FILES), ["/app"], **options)

    return make


def refused(path: Path, **options) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read_archive(path, **options)
    assert str(path) in caught.value.message
    return caught.value


def repack(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write an archive again with other content."""
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    change(files)
    return pack(path, files)


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def compressed(path: Path) -> Path:
    packed = path.with_suffix(".tar.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


@pytest.mark.parametrize("oci", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_of_one_image(make, oci, packed):
    path = make(oci=oci)
    archive = read_archive(compressed(path) if packed else path)
    assert archive.names == ("docker.io/acme/web:1",)
    assert [image.platform for image in archive.images] == [f"linux/{ARCHITECTURE}"]


def test_an_oci_directory(make):
    archive = read_archive(make("layout", oci=True))
    assert archive.path.is_dir()
    assert archive.names == ("docker.io/acme/web:1",)


@pytest.mark.parametrize("oci", [False, True])
def test_an_image_without_a_name(make, oci):
    archive = read_archive(make(name="", oci=oci))
    assert archive.names == ()
    assert len(archive.images) == 1


@pytest.mark.parametrize("oci", [False, True])
def test_the_key_follows_the_content_alone(make, oci):
    key = read_archive(make(oci=oci)).key
    assert read_archive(make("again.tar", name="other:2", oci=oci)).key == key
    assert read_archive(make("new.tar", files={"app": b"new"}, oci=oci)).key != key


def test_a_mere_tag_is_no_name(make):
    assert read_archive(make(name="latest", oci=True)).names == ()


def test_containerds_own_annotation_wins(make):
    def change(files):
        index = json.loads(files["index.json"])
        annotations = {"io.containerd.image.name": "docker.io/acme/web:2", "org.opencontainers.image.ref.name": "2"}
        index["manifests"][0]["annotations"] = annotations
        files["index.json"] = json.dumps(index).encode()

    assert read_archive(repack(make(oci=True), change)).names == ("docker.io/acme/web:2",)


def test_two_names_of_one_image_are_one_image(make):
    def change(files):
        index = json.loads(files["index.json"])
        entry = index["manifests"][0]
        index["manifests"].append({**entry, "annotations": {"org.opencontainers.image.ref.name": "ghcr.io/x/y:2"}})
        files["index.json"] = json.dumps(index).encode()

    archive = read_archive(repack(make(oci=True), change))
    assert [image.names for image in archive.images] == [("docker.io/acme/web:1", "ghcr.io/x/y:2")]


@pytest.mark.parametrize("oci", [False, True])
def test_another_architecture_names_both(make, oci):
    error = refused(make(arch=OTHER, oci=oci))
    assert f"is for linux/{OTHER}, but this machine runs linux/{ARCHITECTURE}" in error.message


def several_platforms(files: dict[str, bytes]) -> None:
    """What `docker save` writes of a multi-platform image that was pulled: the other platforms' blobs are missing."""
    index = json.loads(files["index.json"])
    entry = index["manifests"][0]
    here = {**entry, "platform": {"os": "linux", "architecture": ARCHITECTURE}}
    absent = {**entry, "digest": f"sha256:{'0' * 64}", "platform": {"os": "linux", "architecture": OTHER}}
    attestation = {**entry, "digest": f"sha256:{'1' * 64}", "platform": {"os": "unknown", "architecture": "unknown"}}
    nested = json.dumps({"schemaVersion": 2, "manifests": [absent, here, attestation]}).encode()
    media_type = "application/vnd.oci.image.index.v1+json"
    files[f"blobs/sha256/{sha256(nested).hexdigest()}"] = nested
    top = {
        "mediaType": media_type,
        "digest": f"sha256:{sha256(nested).hexdigest()}",
        "size": len(nested),
        "annotations": entry["annotations"],
    }
    files["index.json"] = json.dumps({"manifests": [top]}).encode()


def test_of_several_platforms_only_this_one_must_be_whole(make):
    path = repack(make(oci=True), several_platforms)
    assert read_archive(path).names == ("docker.io/acme/web:1",)
    assert "is incomplete: blobs/sha256/000" in refused(path, wanted=f"linux/{OTHER}").message


@pytest.mark.parametrize("oci", [False, True])
def test_a_missing_layer(make, oci):
    def change(files):
        del files[max(files, key=lambda name: len(files[name]))]

    assert "is incomplete" in refused(repack(make(oci=oci), change)).message


def test_a_layer_of_another_size(make):
    def change(files):
        files[max(files, key=lambda name: len(files[name]))] += b"more"

    error = refused(repack(make(oci=True), change))
    assert "is broken" in error.message
    assert "bytes instead of" in error.message


def test_a_missing_configuration(make):
    def change(files):
        del files[next(name for name in files if name.endswith(".json") and name != "manifest.json")]

    assert ".json is missing" in refused(repack(make(), change)).message


def test_layers_that_are_links(make):
    """Docker up to 24: the second of two equal layers is a symbolic link to the first."""
    path = make()
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())
    manifest[0]["Layers"] = ["second/layer.tar"]
    repack(path, lambda files: files.update({"manifest.json": json.dumps(manifest).encode()}))
    with tarfile.open(path, "a") as tar:
        entry = tarfile.TarInfo("second/layer.tar")
        entry.type, entry.linkname = tarfile.SYMTYPE, "../layer.tar"
        tar.addfile(entry)
    assert len(read_archive(path).images) == 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_cut_off(make, packed, part):
    path = make(files={"app": os.urandom(2**20)})
    path = compressed(path) if packed else path
    os.truncate(path, int(path.stat().st_size * part))
    assert "cut off or damaged" in refused(path).message


def test_damaged_gzip(make):
    path = compressed(make(files={"app": " ".join(map(str, range(200_000))).encode()}))
    content = bytearray(path.read_bytes())
    content[5000:5100] = bytes(100)
    path.write_bytes(content)
    assert "cut off or damaged" in refused(path).message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no tar file"),
        (b"FROM alpine\nCMD sh\n" * 100, "is no tar file"),
        (b"\x1f\x8bnot gzip at all", "is no tar file"),
        (b"\xfd7zXZ\x00rest", "packed by xz"),
        (b"BZh91AY", "packed by bzip2"),
        (b"PK\x03\x04", "packed by zip"),
        (b"\x28\xb5\x2f\xfdrest", "packed by zstd"),
    ],
)
def test_no_archive(tmp_path, content, reason):
    path = tmp_path / "web.tar"
    path.write_bytes(content)
    error = refused(path)
    assert reason in error.message
    assert error.hint


def test_a_tar_without_an_image(tmp_path):
    error = refused(pack(tmp_path / "files.tar", {"etc/passwd": b"root"}))
    assert "neither manifest.json nor oci-layout" in error.message
    assert "docker export" in str(error.hint)


@pytest.mark.parametrize(
    "files",
    [{"manifest.json": b"[]"}, {"oci-layout": b"{}", "index.json": b'{"manifests": []}'}],
)
def test_an_archive_of_nothing(tmp_path, files):
    assert "holds no image" in refused(pack(tmp_path / "empty.tar", files)).message


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": b"{}"},
        {"manifest.json": b"[1]"},
        {"manifest.json": b'[{"Config": "c"}]'},
        {"manifest.json": b'[{"Config": "c", "Layers": [1]}]'},
        {"manifest.json": b'[{"Config": "c", "Layers": []}]', "c": b"[]"},
        {"manifest.json": b'[{"Config": 1, "Layers": []}]'},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": b"\x00\x01"},
        {"oci-layout": b"{}", "index.json": b"[]"},
        {"oci-layout": b"{}", "index.json": b'{"manifests": [1]}'},
        {"oci-layout": b"{}", "index.json": b'{"manifests": [{"digest": "../../etc/passwd"}]}'},
        {"oci-layout": b"{}", "index.json": b'{"manifests": [{"digest": 5}]}'},
        {"oci-layout": b"{}"},
    ],
)
def test_broken_documents(tmp_path, files):
    error = refused(pack(tmp_path / "broken.tar", files))
    assert "is broken" in error.message or "is incomplete" in error.message


def test_indexes_nested_without_end(tmp_path):
    files = {"oci-layout": b"{}"}
    inner = b'{"manifests": []}'
    for _ in range(50):
        digest = sha256(inner).hexdigest()
        files[f"blobs/sha256/{digest}"] = inner
        inner = json.dumps({"manifests": [{"digest": f"sha256:{digest}", "size": len(inner)}]}).encode()
    assert "nested deeper" in refused(pack(tmp_path / "deep.tar", {**files, "index.json": inner})).message


def test_a_manifest_of_another_content(make):
    def change(files):
        name = next(name for name, content in files.items() if "blobs" in name and b"schemaVersion" in content)
        files[name] = files[name].replace(b'"schemaVersion": 2', b'"schemaVersion": 3')

    assert "has another digest" in refused(repack(make(oci=True), change)).message


def test_a_path_where_nothing_is(tmp_path):
    error = refused(tmp_path / "web.tar")
    assert "No such file" in error.message
    assert "ephemeral.yaml" in str(error.hint)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "neither a file nor a folder" in refused(tmp_path / "pipe").message


def test_a_folder_that_is_no_layout(tmp_path):
    (tmp_path / "Dockerfile").touch()
    assert "no file oci-layout" in refused(tmp_path).message


def test_a_blob_missing_in_a_directory(make):
    layout = make("layout", oci=True)
    largest = max((layout / "blobs/sha256").iterdir(), key=lambda file: file.stat().st_size)
    largest.unlink()
    assert f"{largest.relative_to(layout)} is missing" in refused(layout).message
    shutil.rmtree(layout / "blobs")
    assert "is incomplete" in refused(layout).message


def test_layers_are_not_read(make, monkeypatch):
    """A layer of gigabytes must not be loaded, wherever it stands."""
    path = make(files={"app": bytes(8 * 2**20)})
    read: list[int] = []
    extract = tarfile.TarFile.extractfile
    monkeypatch.setattr(
        tarfile.TarFile, "extractfile", lambda self, member: read.append(member.size) or extract(self, member)
    )
    read_archive(path)
    assert read
    assert max(read) < 2**20
