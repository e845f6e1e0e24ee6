"""Files, folders and stdin."""

import io

import pytest

from ephemeral.apps.files import read_manifests
from ephemeral.errors import SpecError


def config(name):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


@pytest.fixture
def folder(tmp_path):
    for path in ("b.yaml", "a.yml", "deep/c.json", ".git/d.yaml", "deep/.e.yaml"):
        (tmp_path / "k8s" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "k8s" / path).write_text(config(path[0]))
    (tmp_path / "k8s" / "README.md").write_text("no: manifest")
    return tmp_path


def origins(paths, base):
    return [each.origin for each in read_manifests(paths, base=base)]


def test_folders_are_read_to_the_bottom_without_hidden_ones(folder):
    assert origins(("k8s",), folder) == ["k8s/a.yml:1", "k8s/b.yaml:1", "k8s/deep/c.json:1"]


def test_files_keep_the_order_they_are_given_in(folder):
    assert origins(("k8s/b.yaml", "k8s/a.yml"), folder) == ["k8s/b.yaml:1", "k8s/a.yml:1"]


def test_stdin(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO(config("a")))
    assert origins(("-",), tmp_path) == ["stdin:1"]


def test_empty_stdin(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SpecError, match="stdin holds no Kubernetes object"):
        origins(("-",), tmp_path)


def test_byte_order_mark_is_no_content(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + config("a").encode())
    assert origins(("a.yaml",), tmp_path) == ["a.yaml:1"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.yaml", "none.yaml does not exist"),
        ("empty.yaml", "empty.yaml holds no Kubernetes object"),
        ("hollow", "hollow holds no Kubernetes object"),
        ("binary.yaml", "binary.yaml can't be read"),
    ],
)
def test_unusable_sources(tmp_path, path, words):
    (tmp_path / "empty.yaml").write_text("---\n")
    (tmp_path / "hollow").mkdir()
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=words):
        read_manifests((path,), base=tmp_path)


def test_folder_of_a_kustomization_is_not_read_as_plain_manifests(folder):
    (folder / "k8s" / "deep" / "kustomization.yaml").write_text("resources: [c.json]")
    with pytest.raises(SpecError, match="belongs to kustomize") as caught:
        read_manifests(("k8s",), base=folder)
    assert "kustomize:" in caught.value.hint
