"""The sandbox image: a program of our own making must do just what is said of it."""

import io
import json
import platform
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from ephemeral.clusters.local.real import pause
from ephemeral.images import read_archive
from ephemeral.waiting import Deadline, NotYet, wait_until


def test_the_archive_is_one_that_containerd_takes(tmp_path: Path) -> None:
    (tmp_path / "pause.tar").write_bytes(pause.pause_archive())
    archive = read_archive(tmp_path / "pause.tar")
    assert archive.names == (pause.IMAGE,)


def test_it_ignores_the_ends_of_children_and_sleeps_until_it_is_killed(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(pause.pause_archive())) as archive:
        layer = archive.extractfile("layer.tar")
        assert layer
        with tarfile.open(fileobj=layer) as files:
            program = files.extractfile("pause")
            assert program
            (tmp_path / "pause").write_bytes(program.read())
    (tmp_path / "pause").chmod(0o755)
    process = subprocess.Popen([tmp_path / "pause"])
    try:

        def asleep() -> None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            if not (facts["State"].startswith("S") and int(facts["SigIgn"], 16) & 1 << (signal.SIGCHLD - 1)):
                raise NotYet(f"{facts['State']}, ignores {facts['SigIgn']}")

        wait_until(asleep, deadline=Deadline(10), what="pause asleep")
        assert process.poll() is None
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("machine", "number", "architecture"), [("x86_64", 62, "amd64"), ("aarch64", 183, "arm64")])
def test_both_architectures_are_elf_programs_of_a_few_bytes(
    monkeypatch: pytest.MonkeyPatch, machine: str, number: int, architecture: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    program = pause._program(machine)
    assert program[:5] == b"\x7fELF\x02"
    assert int.from_bytes(program[18:20], "little") == number
    assert len(program) < 256
    with tarfile.open(fileobj=io.BytesIO(pause.pause_archive())) as archive:
        config = archive.extractfile("config.json")
        assert config
        assert json.load(config)["architecture"] == architecture
