"""Builds: a real one of a module that depends on nothing, and the edges with a scripted ``go``."""

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from ephemeral import tools
from ephemeral.errors import StateError, ToolError
from ephemeral.progress import Silent
from ephemeral.tools import table
from ephemeral.tools.gobuild import go_version
from ephemeral.tools.install import install
from ephemeral.tools.printed import printed_version

REAL_PATH = os.environ["PATH"]

FAKE_GO = """
for word; do [ "$last" = -o ] && out=$word; last=$word; done
[ "$1" = env ] && printf "go{version}\\n{toolchain}\\n" && exit
{body}
"""


@pytest.fixture
def fake_go(script, tmp_path):
    def write(body, *, version="1.99.0", toolchain="auto"):
        text = FAKE_GO.format(version=version, toolchain=toolchain, body=body)
        return script(tmp_path / "bin" / "go", text)

    return write


@pytest.fixture
def tiny(apiserver, tmp_path):
    """A row of a program that builds from a folder: nothing is fetched for it."""
    source, modules = tmp_path / "source", tmp_path / "modules"
    source.mkdir()
    modules.mkdir()
    (source / "go.mod").write_text("module example.invalid/tiny\n\ngo 1.21\n")
    (source / "main.go").write_text(
        'package main\n\nvar version string\n\nfunc main() { println("tiny v" + version) }\n'
    )
    (modules / "go.mod").write_text(
        "module example.invalid/tools\n\ngo 1.21\n\nrequire example.invalid/tiny v0.0.0\n\n"
        f"replace example.invalid/tiny => {source}\n"
    )
    (modules / "go.sum").touch()
    return dataclasses.replace(
        apiserver,
        name="tiny",
        version="7.8.9",
        pattern=r"tiny v(\S+)",
        modules=modules,
        package="example.invalid/tiny",
        stamp=("main.version=7.8.9",),
    )


class Notes(Silent):
    def __init__(self):
        self.notes, self.states = [], []

    def note(self, text):
        self.notes.append(text)

    def state(self, subject, text, *, readiness=None):
        self.states.append((subject, text))


def test_a_program_is_built_for_real(monkeypatch, tiny):
    monkeypatch.setenv("PATH", REAL_PATH)
    monkeypatch.setenv("GOFLAGS", "-mod=mod -tags=none")
    monkeypatch.setenv("GOARCH", "s390x")
    progress = Notes()
    install([tiny], progress)
    assert printed_version(tiny.cached, tiny) == "7.8.9"
    assert tiny.cached.stat().st_mode & 0o777 == 0o755
    assert {path.name for path in tiny.cached.parent.iterdir()} - {".lock"} == {"tiny"}
    assert any("can't be reached: Connection refused; building it" in note for note in progress.notes)
    assert ("tiny", "building from Go modules") in progress.states


def test_what_the_compiler_says_is_in_the_error(monkeypatch, tiny, tmp_path):
    monkeypatch.setenv("PATH", REAL_PATH)
    (tmp_path / "source" / "main.go").write_text("package main\n\nfunc main() { undefinedThing() }\n")
    with pytest.raises(ToolError, match="undefined: undefinedThing") as caught:
        install([tiny], Silent())
    assert "tiny 7.8.9 can't be had:" in caught.value.message
    assert "download: http://127.0.0.1:1/" in caught.value.message
    assert not tiny.cached.exists()
    assert not list(tiny.cached.parent.glob(".new-*"))


def test_the_real_go_is_asked_for_its_version(monkeypatch):
    go = shutil.which("go", path=REAL_PATH)
    assert go is not None, "the tests need go on PATH"
    monkeypatch.setenv("PATH", REAL_PATH)
    assert go_version(Path(go)).startswith("1.")


def test_the_build_is_told_everything_that_makes_it_ours(fake_go, apiserver, tmp_path):
    seen = tmp_path / "seen"
    fake_go(f'echo built > $out; echo "$*" > {seen}; echo $PWD >> {seen}; export -p >> {seen}; /bin/ls >> {seen}')
    tools.require(["kube-apiserver"])
    text = seen.read_text()
    assert "build -trimpath -ldflags -s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 " in text
    assert text.splitlines()[0].endswith(" k8s.io/kubernetes/cmd/kube-apiserver")
    for variable in ("CGO_ENABLED='0'", "GOFLAGS='-mod=readonly'", "GOWORK='off'", "GOOS='linux'"):
        assert variable in text
    assert f"GOARCH='{apiserver.arch}'" in text
    assert "GOTOOLCHAIN" not in text
    assert text.splitlines()[-2:] == ["go.mod", "go.sum"]


def test_the_build_is_told_the_tags(fake_go, tmp_path):
    fake_go(f'echo built > $out; echo "$*" > {tmp_path}/seen')
    tools.require(["containerd-shim-runc-v2"])
    words = (tmp_path / "seen").read_text().split()
    assert words[:3] == ["build", "-trimpath", "-tags=no_btrfs,no_devmapper,no_zfs"]
    assert words[-1] == "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"


def test_nothing_is_built_while_what_can_not_be_built_is_missing(fake_go, tmp_path):
    fake_go(f"echo built > $out; touch {tmp_path}/seen")
    with pytest.raises(ToolError) as caught:
        tools.require(["kube-apiserver", "runc", "nft"])
    assert caught.value.hint == "on Debian and Ubuntu: apt-get install runc nftables"
    assert "kube-apiserver" not in caught.value.message
    assert not (tmp_path / "seen").exists()


def test_builds_run_one_after_another(fake_go, tmp_path):
    log = tmp_path / "log"
    fake_go(f"echo begin >> {log}; /bin/sleep 0.05; echo built > $out; echo end >> {log}")
    names = ["kube-apiserver", "kube-scheduler", "etcd"]
    assert list(tools.require(names)) == names
    assert log.read_text().split() == ["begin", "end"] * 3


@pytest.mark.parametrize(
    ("version", "toolchain", "why"),
    [
        ("1.22.1", "local", "GOTOOLCHAIN=local forbids a newer one"),
        ("1.22.1", "local+path", "GOTOOLCHAIN=local forbids a newer one"),
        ("1.20.5", "", "it can't fetch a newer one"),
    ],
)
def test_a_go_that_is_too_old_is_said_to_be(fake_go, version, toolchain, why):
    go = fake_go("echo built > $out", version=version, toolchain=toolchain)
    with pytest.raises(ToolError, match=rf"go: {go} is {version}, kube-apiserver 1.36.3 needs 1\.26\.0, and {why}"):
        tools.require(["kube-apiserver"])


@pytest.mark.parametrize(("version", "toolchain"), [("1.22.1", "auto"), ("1.26.0", "local"), ("1.30rc1", "local")])
def test_a_go_that_is_new_enough_or_may_fetch_a_newer_one_builds(fake_go, apiserver, version, toolchain):
    fake_go("echo built > $out", version=version, toolchain=toolchain)
    assert tools.require(["kube-apiserver"]) == {"kube-apiserver": apiserver.cached}


def test_a_go_that_does_not_work_is_an_error_with_its_words(script, tmp_path):
    script(tmp_path / "bin" / "go", "echo build cache is required >&2; exit 1")
    with pytest.raises(ToolError, match="build cache is required"):
        tools.require(["kube-apiserver"])


def test_a_failed_build_names_what_was_tried_and_ends_the_install(fake_go, tmp_path):
    log = tmp_path / "log"
    fake_go(f"echo try >> {log}; echo 'proxy: no route to host' >&2; exit 1")
    with pytest.raises(ToolError) as caught:
        tools.require(["kube-apiserver", "kube-scheduler"])
    assert "download: http://127.0.0.1:1/dl.k8s.io" in caught.value.message
    assert "proxy: no route to host" in caught.value.message
    assert log.read_text().split() == ["try"]


def test_what_has_a_release_is_not_built(fake_go, mirror, apiserver):
    fake_go("echo built > $out")
    scheduler = table.pinned("kube-scheduler")
    mirror.release(apiserver, b"released")
    tools.require(["kube-apiserver", "kube-scheduler"])
    assert apiserver.cached.read_bytes() == b"released"
    assert scheduler.cached.read_bytes() == b"built\n"


def test_a_cache_that_can_not_be_written_is_no_failed_build(fake_go, monkeypatch, tmp_path):
    fake_go("echo built > $out")
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(StateError, match="can't be written"):
        tools.require(["kube-apiserver"])
