import os
import subprocess
import sys

import pytest

from ephemeral import tools
from ephemeral.tools import lookup, places, printed, table


@pytest.fixture
def program(script, tmp_path):
    """Writes a program that prints its version, and counts how often it is asked."""

    def write(folder, version, name="kube-apiserver"):
        asked = tmp_path / f"asked-{folder}-{name}"
        path = script(tmp_path / folder / name, f"echo asked >> {asked}\necho Kubernetes v{version}")
        return path, lambda: asked.read_text().count("asked") if asked.exists() else 0

    return write


def on_path(monkeypatch, *folders):
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))


def test_nothing_is_found_on_an_empty_machine():
    assert tools.find("kube-apiserver") is None


def test_the_right_version_on_path_is_taken(program):
    path, _ = program("bin", "1.36.3")
    assert tools.find("kube-apiserver") == path
    assert tools.require(["kube-apiserver"]) == {"kube-apiserver": path}


def test_a_wrong_version_on_path_is_passed_over_for_a_right_one_behind_it(monkeypatch, program, tmp_path):
    wrong, _ = program("bin", "1.36.2")
    right, _ = program("later", "1.36.3")
    on_path(monkeypatch, wrong.parent, right.parent)
    assert tools.find("kube-apiserver") == right
    refused, taken = lookup.look(table.pinned("kube-apiserver"))
    assert refused.path == wrong
    assert refused.refused == "is 1.36.2, wanted is 1.36.3"
    assert (taken.path, taken.source, taken.refused) == (right, "path", "")


def test_another_pinned_version_is_found_when_asked_for(program):
    path, _ = program("bin", "1.34.4")
    assert tools.find("kube-apiserver") is None
    assert tools.find("kube-apiserver", version="1.34") == path
    assert tools.require(["kube-apiserver"], kubernetes="1.34") == {"kube-apiserver": path}


def test_the_users_folder_comes_before_path_and_the_cache_last(monkeypatch, program, tmp_path):
    named, _ = program("named", "1.36.3")
    path, _ = program("bin", "1.36.3")
    cached = table.pinned("kube-apiserver").cached
    cached.parent.mkdir(parents=True)
    cached.write_bytes(path.read_bytes())
    cached.chmod(0o755)
    assert tools.find("kube-apiserver") == path
    monkeypatch.setenv("EPHEMERAL_TOOLS_DIR", str(named.parent))
    assert tools.find("kube-apiserver") == named
    named.unlink()
    path.unlink()
    assert tools.find("kube-apiserver") == cached


def test_a_wrong_version_in_the_users_folder_is_passed_over(monkeypatch, program):
    named, _ = program("named", "1.35.0")
    path, _ = program("bin", "1.36.3")
    monkeypatch.setenv("EPHEMERAL_TOOLS_DIR", str(named.parent))
    assert tools.find("kube-apiserver") == path


def test_what_prints_no_version_is_passed_over(script, tmp_path):
    path = script(tmp_path / "bin" / "kube-apiserver", "echo broken; exit 1")
    assert tools.find("kube-apiserver") is None
    (seen,) = lookup.look(table.pinned("kube-apiserver"))
    assert seen.path == path
    assert seen.refused == "`kube-apiserver --version` prints no version"


def test_what_can_not_be_started_is_passed_over(tmp_path):
    path = tmp_path / "bin" / "kube-apiserver"
    path.parent.mkdir()
    path.write_bytes(b"\x7fELF not really")
    path.chmod(0o755)
    assert tools.find("kube-apiserver") is None
    path.chmod(0o644)
    assert not list(lookup.look(table.pinned("kube-apiserver")))


def test_programs_in_the_current_folder_are_not_run(monkeypatch, program, tmp_path):
    _, asked = program("here", "1.36.3")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", f":.:{os.curdir}")
    assert tools.find("kube-apiserver") is None
    assert asked() == 0


def test_roots_programs_are_found_though_path_lacks_their_folder(monkeypatch, script, tmp_path):
    nft = script(tmp_path / "sbin" / "nft", "echo 'nftables v1.0.6 (Lester Gooch #5)'")
    assert tools.find("nft") is None
    monkeypatch.setattr(places, "_SYSTEM", (str(nft.parent),))
    assert tools.find("nft") == nft


@pytest.fixture
def plugin_folder(script, tmp_path):
    """A folder that packages put network plugins into, with a `ptp` that prints as plugins do."""
    folder = tmp_path / "cni"
    table._rows()["ptp"]["folders"] = [str(folder)]

    def write(version):
        return script(folder / "ptp", f"echo 'CNI ptp plugin {version}\nCNI protocol versions supported: 1.0.0' >&2")

    return write


def test_network_plugins_are_found_where_packages_put_them(plugin_folder):
    assert tools.find("ptp") is None
    path = plugin_folder("v1.7.1")
    assert tools.find("ptp") == path


@pytest.mark.parametrize(
    ("version", "refused"),
    [("v1.1.1", f"is 1.1.1, wanted is {table.pinned('ptp').accept}"), ("version unknown", "`ptp` prints no version")],
)
def test_network_plugins_of_old_packages_are_passed_over(plugin_folder, version, refused):
    plugin_folder(version)
    (seen,) = lookup.look(table.pinned("ptp"))
    assert seen.refused == refused


def test_a_folder_that_is_twice_on_path_is_looked_into_once(monkeypatch, program, tmp_path):
    path, _ = program("bin", "1.0.0")
    (tmp_path / "link").symlink_to(path.parent)
    on_path(monkeypatch, path.parent, tmp_path / "link", path.parent)
    assert len(list(lookup.look(table.pinned("kube-apiserver")))) == 1


def test_a_program_is_asked_for_its_version_once(program):
    path, asked = program("bin", "1.36.3")
    for _ in range(3):
        assert tools.find("kube-apiserver") == path
    assert asked() == 1


def test_a_program_that_changed_is_asked_again(program):
    path, _ = program("bin", "1.36.3")
    assert tools.find("kube-apiserver") == path
    program("bin", "1.36.33")
    assert tools.find("kube-apiserver") is None


def test_a_broken_memory_is_forgotten(program):
    path, _ = program("bin", "1.36.3")
    assert tools.find("kube-apiserver") == path
    for broken in ("", "{", "[]", f'{{"{path}": 3}}', f'{{"{path}": []}}'):
        printed._memory().write_text(broken)
        assert tools.find("kube-apiserver") == path


def test_a_cache_that_can_not_be_written_hides_no_program(monkeypatch, program, tmp_path):
    path, asked = program("bin", "1.36.3")
    (tmp_path / "file").touch()
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert tools.find("kube-apiserver") == path
    assert tools.find("kube-apiserver") == path
    assert asked() == 2


def test_a_program_that_hangs_is_ended_and_not_remembered(monkeypatch, script, tmp_path):
    script(tmp_path / "bin" / "kube-apiserver", "exec /bin/sleep 60")
    monkeypatch.setattr(printed, "_ASK_SECONDS", 0.1)
    assert tools.find("kube-apiserver") is None
    assert not printed._memory().exists()


def test_the_cache_is_the_users_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("EPHEMERAL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    program = table.pinned("etcd")
    assert program.cached == tmp_path / "xdg/ephemeral/tools/etcd" / program.version / program.arch / "etcd"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EPHEMERAL_CACHE_DIR", "relative")
    assert program.cached.is_relative_to(tmp_path / "relative")


def test_what_is_cached_costs_no_process_and_no_heavy_import():
    names = ["etcd", "kube-apiserver", "kwok"]
    for name in names:
        cached = table.pinned(name).cached
        cached.parent.mkdir(parents=True)
        cached.touch(mode=0o755)
    code = f"""
import sys
from ephemeral import tools
found = tools.require({names})
assert sorted(found) == {sorted(names)}, found
heavy = {{"subprocess", "filelock", "tenacity", "urllib.request", "ephemeral.process"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path}\n{code}"], check=True)
