"""Seeds: containerd roots that environments get by links, and databases that they get by copies."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ephemeral.clusters.local.real import seeds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What a containerd leaves: a blob, a database, and a layer in which a file is called like one."""
    folder = tmp_path / "root"
    for name in ("blobs/sha256/abc", "bolt/meta.db", "overlayfs/metadata.db", "overlayfs/snapshots/1/fs/app.db"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "overlayfs/snapshots/1/fs/link").symlink_to("app.db")
    return folder


def same(one: Path, other: Path) -> bool:
    return one.stat().st_ino == other.stat().st_ino and one.stat().st_dev == other.stat().st_dev


def test_layers_and_blobs_are_linked_and_databases_copied(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    seeds.copy(str(root), str(target))
    for name, linked in {
        "blobs/sha256/abc": True,
        "overlayfs/snapshots/1/fs/app.db": True,
        "bolt/meta.db": False,
        "overlayfs/metadata.db": False,
    }.items():
        assert (target / name).read_text() == name
        assert same(root / name, target / name) is linked, name
    assert (target / "overlayfs/snapshots/1/fs/link").is_symlink()
    (target / "bolt/meta.db").write_text("changed")
    assert (root / "bolt/meta.db").read_text() == "bolt/meta.db"


@pytest.fixture
def other_file_system(tmp_path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        assert Path(name).stat().st_dev != tmp_path.stat().st_dev
        yield Path(name)


def test_another_file_system_gets_copies(root: Path, other_file_system: Path) -> None:
    target = other_file_system / "target"
    seeds.copy(str(root), str(target))
    assert (target / "blobs/sha256/abc").read_text() == "blobs/sha256/abc"
    assert (target / "bolt/meta.db").read_text() == "bolt/meta.db"


def provide(cache: Path, target: Path, monkeypatch: pytest.MonkeyPatch, *keys: str) -> list[str]:
    """Provide these images from a containerd that only writes down what was imported; returns the imports."""
    imported: list[str] = []

    class Fake:
        def __init__(self, images: dict[str, Any], root: str, scratch: str, before_exec: object) -> None:
            Path(root).mkdir(parents=True, exist_ok=True)
            self.root = Path(root)

        def __enter__(self) -> str:
            return "socket"

        def __exit__(self, *_: object) -> None:
            (self.root / "meta.db").write_text("db")
            for key in imported:
                (self.root / key).write_text(key)

    real = seeds._run

    def run(command: list[str], *more: Any) -> None:
        if command[0] == "import":
            imported.append(command[1])
            assert command[2] == "socket"
        else:
            real(command, *more)

    monkeypatch.setattr(seeds, "_containerd", Fake)
    monkeypatch.setattr(seeds, "_run", run)
    wanted = {key: [["import", key, "{socket}"]] for key in keys}
    seeds.provide({"cache": str(cache), "wanted": wanted}, str(target), str(target) + ".scratch", lambda: None)
    monkeypatch.setattr(seeds, "_run", real)
    return imported


def test_a_set_is_imported_once_and_a_larger_one_starts_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    assert provide(cache, tmp_path / "a", monkeypatch, "pause") == ["pause"]
    assert provide(cache, tmp_path / "b", monkeypatch, "pause") == []
    assert provide(cache, tmp_path / "c", monkeypatch, "pause", "web") == ["web"]
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["meta.db", "pause", "web"]
    assert provide(cache, tmp_path / "d", monkeypatch, "web") == ["web"], "a larger seed has more than was asked for"


def test_old_seeds_go_and_a_broken_one_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    for number in range(seeds._KEPT + 3):
        provide(cache, tmp_path / f"t{number}", monkeypatch, f"image-{number}")
    assert len([path for path in cache.iterdir() if path.name != "lock"]) == seeds._KEPT
    (cache / "interrupted.new").mkdir()
    assert provide(cache, tmp_path / "last", monkeypatch, "image-0") == ["image-0"]
