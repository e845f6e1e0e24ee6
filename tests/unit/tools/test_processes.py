"""Several processes that install the same program, and one that is killed while it does."""

import os
import signal
import subprocess
import sys

import pytest
from filelock import FileLock

from ephemeral import tools
from ephemeral.errors import ChecksumError, ToolError
from ephemeral.tools import slot, table
from ephemeral.waiting import Deadline, NotYet, wait_until

CONTENT = os.urandom(300_000)
INSTALL = """
import sys
from ephemeral import tools
from ephemeral.progress import Silent

class Loud(Silent):
    def note(self, text):
        print("note", text, flush=True)

    def state(self, subject, text, *, readiness=None):
        print("state", text, flush=True)

names = sys.argv[1:]
for name, path in tools.require(names, progress=Loud()).items():
    print("installed", path, flush=True)
"""


@pytest.fixture
def installer():
    started = []

    def start(*names):
        command = [sys.executable, "-c", INSTALL, *names]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(process, text):
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"{text!r} did not come: {process.stderr.read()}")


def holds(path, size):
    if not path.exists() or path.stat().st_size < size:
        raise NotYet(f"{path} is not there, or smaller than {size}")


def finished(process):
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    return stdout


def serve_once_open(mirror):
    """A fault: the whole file, but only once the gate is open."""

    def fault(handler, body):
        mirror.at_gate.set()
        mirror.gate.wait(60)
        handler.begin(200, len(body))
        handler.wfile.write(body)

    return fault


def test_two_processes_share_one_download(mirror, apiserver, installer):
    mirror.faults[mirror.release(apiserver, CONTENT)] = [serve_once_open(mirror)]
    first = installer("kube-apiserver")
    assert mirror.at_gate.wait(60)
    second = installer("kube-apiserver")
    read_until(second, "note kube-apiserver: another process is installing it")
    mirror.gate.set()
    assert f"installed {apiserver.cached}" in finished(first)
    assert f"installed {apiserver.cached}" in finished(second)
    assert len(mirror.asked(apiserver.release)) == 1
    assert apiserver.cached.read_bytes() == CONTENT


def test_an_install_that_is_killed_leaves_nothing_half_and_is_gone_on_with(mirror, apiserver, installer):
    mirror.faults[mirror.release(apiserver, CONTENT)] = [mirror.stop_at_gate(200_000)]
    process = installer("kube-apiserver")
    part = apiserver.cached.parent / ".kube-apiserver.part"
    wait_until(lambda: holds(part, 100_000), deadline=Deadline(60), what="most of what was sent is written")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not apiserver.cached.exists()
    resumed_at = part.stat().st_size
    assert tools.require(["kube-apiserver"]) == {"kube-apiserver": apiserver.cached}
    assert apiserver.cached.read_bytes() == CONTENT
    assert mirror.asked(apiserver.release) == [None, f"bytes={resumed_at}-"]
    assert not part.exists()


def test_a_build_that_is_killed_leaves_nothing_half_and_is_redone(apiserver, installer, script, tmp_path):
    compiler = tmp_path / "compiler.pid"
    fake_go = 'for word; do [ "$last" = -o ] && out=$word; last=$word; done\n'
    fake_go += '[ "$1" = env ] && printf "go1.99.0\\nauto\\n" && exit\n'
    script(tmp_path / "bin" / "go", f"{fake_go} echo half > $out; echo $$ > {compiler}; exec /bin/sleep 60")
    process = installer("kube-apiserver")
    try:
        wait_until(lambda: holds(compiler, 1), deadline=Deadline(60), what="the compiler runs")
        process.kill()
        process.communicate()
    finally:
        os.kill(int(compiler.read_text()), signal.SIGKILL)
    assert not apiserver.cached.exists()
    assert list(apiserver.cached.parent.glob(".new-*"))
    script(tmp_path / "bin" / "go", f"{fake_go} echo whole > $out")
    tools.require(["kube-apiserver"])
    assert apiserver.cached.read_text() == "whole\n"
    assert not list(apiserver.cached.parent.glob(".new-*"))


def test_an_interrupt_does_not_wait_for_the_server(mirror, apiserver, installer):
    mirror.faults[mirror.release(apiserver, CONTENT)] = [mirror.stop_at_gate(10)]
    process = installer("kube-apiserver")
    read_until(process, "state downloading 0 of 0 MB")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in stderr


def test_a_process_that_holds_a_slot_for_ever_is_not_waited_for_for_ever(monkeypatch, mirror, apiserver, installer):
    mirror.faults[mirror.release(apiserver, CONTENT)] = [mirror.stop_at_gate(10)]
    installer("kube-apiserver")
    assert mirror.at_gate.wait(60)
    monkeypatch.setattr(slot, "_LOCK_SECONDS", 0.1)
    with pytest.raises(ToolError, match="another process has been installing it") as caught:
        tools.require(["kube-apiserver"])
    assert str(apiserver.cached.parent / ".lock") in str(caught.value.hint)


def test_a_wrong_checksum_ends_the_other_downloads(mirror, apiserver):
    scheduler = table.pinned("kube-scheduler")
    mirror.faults[mirror.release(scheduler, CONTENT)] = [serve_once_open(mirror)]

    def wrong_once_the_other_runs(handler, body):
        mirror.at_gate.wait(60)
        handler.begin(200, 5)
        handler.wfile.write(b"wrong")

    mirror.faults[mirror.release(apiserver, CONTENT)] = [wrong_once_the_other_runs]
    with pytest.raises(ChecksumError):
        tools.require(["kube-apiserver", "kube-scheduler"])
    mirror.gate.set()
    with FileLock(scheduler.cached.parent / ".lock", timeout=60):
        assert not scheduler.cached.exists()


def test_one_failed_download_does_not_lose_the_others(mirror, apiserver):
    scheduler = table.pinned("kube-scheduler")
    mirror.release(scheduler, CONTENT)
    with pytest.raises(ToolError, match=r"kube-apiserver 1\.36\.3 can't be had"):
        tools.require(["kube-apiserver", "kube-scheduler"])
    assert tools.find("kube-scheduler") == scheduler.cached
