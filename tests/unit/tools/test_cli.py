import json
import socket
import sys
import types
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from ephemeral.cli.tools import DEFAULT
from ephemeral.cli.tools import tools as group
from ephemeral.errors import SpecError, ToolError
from ephemeral.progress import Silent
from ephemeral.tools import doctor, table
from ephemeral.tools.doctor import diagnose


def call(*arguments):
    return CliRunner().invoke(group, arguments, catch_exceptions=False)


@pytest.fixture
def apiserver_on_path(script, tmp_path):
    return script(tmp_path / "bin" / "kube-apiserver", "echo Kubernetes v1.36.3")


@pytest.fixture
def silent_progress(monkeypatch):
    @contextmanager
    def open_progress():
        yield Silent()

    module = types.ModuleType("ephemeral.cli.progress")
    module.open_progress = open_progress
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_list_shows_each_program_and_where_it_is(apiserver_on_path):
    heading, *rows = call("list").stdout.splitlines()
    assert heading.split() == ["NAME", "VERSION", "SOURCE", "PATH"]
    fields = {row.split()[0]: row.split()[1:] for row in rows}
    assert fields["kube-apiserver"] == ["1.36.3", "path", str(apiserver_on_path)]
    assert fields["etcd"] == [table.pinned("etcd").version, "missing"]
    assert set(fields) == set(table.names())


def test_list_as_json_in_another_version(apiserver_on_path):
    rows = {row["name"]: row for row in json.loads(call("list", "--kubernetes", "1.34", "--output", "json").stdout)}
    assert rows["kube-apiserver"] == {
        "name": "kube-apiserver",
        "version": table.matching("kube-apiserver", "1.34").version,
        "source": "missing",
        "path": "",
    }


def test_install_gets_the_named_programs(silent_progress, mirror, apiserver):
    mirror.release(apiserver, b"content")
    assert call("install", "kube-apiserver").stdout.split() == ["kube-apiserver", str(apiserver.cached)]


@pytest.fixture
def released(mirror):
    """Everything that nodes need and that is downloaded, released for 1.35: name -> where it is once installed."""
    programs = [table.matching(name, "1.35") for name in DEFAULT]
    for program in programs:
        if program.release:
            mirror.release(program, b"content")
    return {program.name: str(program.cached) for program in programs if program.release}


def test_install_without_names_gets_what_nodes_need(silent_progress, released, script, tmp_path):
    nft = script(tmp_path / "bin" / "nft", "echo nftables v1.0.6")
    lines = call("install", "--kubernetes", "1.35").stdout.splitlines()
    assert dict(line.split() for line in lines) == {**released, "nft": str(nft)}


def test_install_fails_for_want_of_a_package_once_all_that_can_be_built_is_there(silent_progress, mirror, released):
    del mirror.files[mirror.path(table.pinned("runc").release)]
    result = CliRunner().invoke(group, ["install", "--kubernetes", "1.35"])
    assert isinstance(result.exception, ToolError)
    assert result.exception.hint == "on Debian and Ubuntu: apt-get install runc nftables"
    built = {name: path for name, path in released.items() if table.pinned(name).package}
    assert dict(line.split() for line in result.stdout.splitlines()) == built


def test_path_prints_the_path_alone(apiserver_on_path):
    assert call("path", "kube-apiserver").stdout == f"{apiserver_on_path}\n"


def test_path_of_what_is_missing_says_how_to_get_it():
    with pytest.raises(ToolError, match=r"etcd \S+ is not on this machine") as caught:
        call("path", "etcd")
    assert caught.value.hint == "run `ephemeral tools install etcd`"


def test_path_of_what_only_a_distribution_has_names_its_package():
    with pytest.raises(ToolError, match=r"nft \S+ is not on this machine") as caught:
        call("path", "nft")
    assert caught.value.hint == "on Debian and Ubuntu: apt-get install nftables"


@pytest.mark.parametrize("command", [["list"], ["path", "kubectl"], ["doctor"]])
def test_an_unknown_kubernetes_version_is_refused(command):
    with pytest.raises(SpecError, match=r"1\.2 can't be had"):
        call(*command, "--kubernetes", "1.2")


def test_doctor_tells_what_was_looked_at_and_why_it_is_not_taken(script, tmp_path, mirror, monkeypatch):
    wrong = script(tmp_path / "named" / "kube-apiserver", "echo Kubernetes v1.2.3")
    right = script(tmp_path / "bin" / "kube-apiserver", "echo Kubernetes v1.36.3")
    go = script(tmp_path / "bin" / "go", "printf 'go1.99.1\\nauto\\n'")
    monkeypatch.setenv("EPHEMERAL_TOOLS_DIR", str(wrong.parent))
    lines = call("doctor").stdout.splitlines()
    assert f"--  kube-apiserver 1.36.3: {wrong}: is 1.2.3, wanted is 1.36.3" in lines
    assert f"ok  kube-apiserver 1.36.3: {right}: 1.36.3, from path" in lines
    assert "--  kwok 0.8.0: missing; run `ephemeral tools install kwok`" in lines
    assert "--  nft 1.0.1: missing; on Debian and Ubuntu: apt-get install nftables" in lines
    assert f"--  runc {table.pinned('runc').version}: missing; run `ephemeral tools install runc`" in lines
    assert f"ok  EPHEMERAL_TOOLS_DIR: {wrong.parent}" in lines
    assert f"ok  download: {mirror.url.removeprefix('http://')} answers" in lines
    assert f"ok  go: {go} is 1.99.1" in lines
    assert any(f"cache: {tmp_path}/cache can be written, " in line for line in lines)


def test_doctor_tells_what_is_in_the_way(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("EPHEMERAL_TOOLS_DIR", str(tmp_path / "nowhere"))
    bad = {finding.subject: finding.text for finding in diagnose() if not finding.good}
    assert bad["cache"] == f"{tmp_path}/file/cache can't be written: Not a directory"
    assert bad["EPHEMERAL_TOOLS_DIR"] == f"{tmp_path}/nowhere is no folder"
    assert bad["download"] == "127.0.0.1:1 can't be reached: Connection refused"
    assert bad["go"] == "not on PATH; nothing can be built"


def test_doctor_does_not_wait_for_a_host_that_accepts_and_says_nothing(monkeypatch):
    monkeypatch.setattr(doctor, "_REACH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("EPHEMERAL_MIRROR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        (finding,) = [finding for finding in diagnose() if finding.subject == "download"]
    assert not finding.good
    assert finding.text.endswith("can't be reached: no answer within 0.2 s")


def test_doctor_tells_that_go_does_not_work(script, tmp_path):
    script(tmp_path / "bin" / "go", "echo no home >&2; exit 1")
    (finding,) = [finding for finding in diagnose() if finding.subject == "go"]
    assert not finding.good
    assert "no home" in finding.text
