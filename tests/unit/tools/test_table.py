import os
import re

import pytest

from ephemeral import tools
from ephemeral.cli.tools import DEFAULT
from ephemeral.clusters.local.provider import programs_for
from ephemeral.errors import SpecError, ToolError
from ephemeral.spec.model import Cluster, Spec
from ephemeral.tools import table
from ephemeral.tools.accept import accepts

EVERY_ROW = [(name, version) for name in table.names() for version in table.versions(name)]


BUILT = [(name, version) for name, version in EVERY_ROW if table.pinned(name, version).package]


def test_the_table_has_every_program_of_simulated_nodes():
    assert set(table.names()) >= {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}


@pytest.mark.parametrize("asked", ["", "1", "1.36", "1.36.3", "v1.36.3", "v1.36"])
def test_a_kubernetes_version_resolves_to_the_pinned_one(asked):
    assert tools.resolve_kubernetes(asked) == "1.36.3"


def test_the_default_kubernetes_version_is_the_first():
    assert tools.kubernetes_versions()[0] == tools.resolve_kubernetes("")
    assert tools.resolve_kubernetes("1.34").startswith("1.34.")


@pytest.mark.parametrize("asked", ["1.3", "2", "1.36.30", "latest", "1.36."])
def test_an_unknown_kubernetes_version_says_which_there_are(asked):
    with pytest.raises(SpecError, match=re.escape(f"kubernetes {asked} can't be had")) as caught:
        tools.resolve_kubernetes(asked)
    assert caught.value.hint is not None
    assert all(version in caught.value.hint for version in tools.kubernetes_versions())


def test_require_refuses_an_unknown_version_before_it_looks_for_anything():
    with pytest.raises(SpecError, match=r"1\.99"):
        tools.require(["kube-apiserver"], kubernetes="1.99")


def test_an_unknown_program_says_which_there_are():
    with pytest.raises(ToolError, match="kubelot is not a program") as caught:
        tools.find("kubelot")
    assert "kube-apiserver" in str(caught.value.hint)


def test_the_kubernetes_version_does_not_touch_other_programs():
    assert table.matching("kubectl", "1.34").version.startswith("1.34.")
    assert table.matching("etcd", "1.34").version == table.pinned("etcd").version


def test_a_machine_that_nothing_is_released_for_says_so(monkeypatch):
    monkeypatch.setattr(table.os, "uname", lambda: type("Uname", (), {"machine": "riscv64"}))
    with pytest.raises(ToolError, match="riscv64"):
        table.pinned("etcd")


@pytest.mark.parametrize(
    ("machine", "files"),
    [
        ("x86_64", ["runc.amd64", "slirp4netns-x86_64", "kubelet"]),
        ("aarch64", ["runc.arm64", "slirp4netns-aarch64", "kubelet"]),
    ],
)
def test_each_publishers_spelling_of_the_machine_is_known(monkeypatch, machine, files):
    monkeypatch.setattr(table.os, "uname", lambda: type("Uname", (), {"machine": machine}))
    programs = [table.pinned(name) for name in ("runc", "slirp4netns", "kubelet")]
    assert [program.release.rpartition("/")[2] for program in programs] == files
    assert f"/{table.pinned('kubelet').arch}/" in programs[-1].release


def test_install_without_names_gets_every_program_of_real_nodes():
    spec = Spec(cluster=Cluster(nodes="real", outbound=True))
    assert set(programs_for(spec)) <= set(DEFAULT)


def test_the_table_has_every_program_of_each_pod_network():
    spec = Spec(cluster=Cluster(nodes="real", network="cilium"))
    assert set(programs_for(spec)) <= set(table.names())


@pytest.mark.parametrize(("name", "version"), EVERY_ROW)
def test_every_row_is_complete(name, version):
    program = table.pinned(name, version)
    assert program.version == version
    assert program.release or program.package or program.debian
    if program.release:
        assert program.release.startswith("https://")
        assert program.checksum.startswith("https://")
        assert version in program.release
        assert program.arch in program.release or os.uname().machine in program.release
    assert re.compile(program.pattern).groups == 1
    assert accepts(program.accept, found=version, wanted=version)
    filled = (program.release, program.checksum, program.member, program.package, *program.stamp)
    assert not [text for text in filled if "{" in text]


@pytest.mark.parametrize(("name", "version"), BUILT)
def test_every_program_builds_from_a_go_mod_that_requires_the_pinned_version(name, version):
    program = table.pinned(name, version)
    module = table._row(name)["module"]
    go_mod = (program.modules / "go.mod").read_text()
    required = dict(re.findall(r"^\t(\S+) (v\S+)", go_mod, re.MULTILINE))
    assert required[module] == f"v{version}"
    assert re.search(rf"^(tool )?\s*{re.escape(program.package)}$", go_mod, re.MULTILINE)
    assert f"{module} v{version} h1:" in (program.modules / "go.sum").read_text()


def test_no_go_mod_is_left_over():
    used = {table.pinned(name, version).modules for name, version in BUILT}
    assert set(next(iter(used)).parent.iterdir()) == used
