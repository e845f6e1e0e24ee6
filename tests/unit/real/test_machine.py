"""What real nodes need, said before anything is made."""

from pathlib import Path

import pytest

from ephemeral.clusters.local.real import machine, root
from ephemeral.errors import ClusterError, StateError, ToolError


def test_a_machine_without_iproute_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SYSTEM_PATH", str(tmp_path))
    with pytest.raises(ToolError, match="real nodes need ip, nsenter") as caught:
        machine.check_machine(tmp_path)
    assert "apt-get install iproute2 util-linux" in str(caught.value.hint)


def test_a_kernel_without_overlayfs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_has_overlayfs", lambda: False)
    with pytest.raises(ClusterError, match="overlayfs") as caught:
        machine.check_machine(tmp_path)
    assert "nodes: simulated" in str(caught.value.hint)


def test_a_disk_that_is_nearly_full_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda folder: 100 * 2**20)
    with pytest.raises(StateError, match=r"No space left on device: .* has 100 MiB free"):
        machine.check_machine(tmp_path / "not" / "there" / "yet")


def test_nobody_without_sudo_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="not root, and there is no sudo") as caught:
        machine.check_machine(tmp_path)
    assert "nodes: simulated" in str(caught.value.hint)
    assert [good for good, _ in machine.describe_machine(tmp_path)] == [False, False, True]


def test_others_go_by_sudo_that_never_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\n")
    sudo.chmod(0o755)
    monkeypatch.setattr(root.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert root.as_root(["id"]) == [str(sudo), "-n", "--", "id"]
