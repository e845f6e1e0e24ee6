"""Real nodes: what leaves an environment, what enters it, and who may make one."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ephemeral.cli.tools import DEFAULT, OPTIONAL
from ephemeral.tools import require
from tests.e2e.conftest import CLI, Run, kubectl

pytestmark = pytest.mark.cluster

PUBLIC, PRIVATE = "203.0.113.10", "10.213.7.10"
USER = "nobody"
SUDOERS = Path("/etc/sudoers.d/ephemeral-test")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[None]:
    """A network namespace that plays the world: one public and one private address, a web server on both."""
    ip("netns", "add", "ephemeral-world")
    server = None
    try:
        ip("link", "add", "eph-world", "type", "veth", "peer", "name", "world", "netns", "ephemeral-world")
        ip("addr", "add", "203.0.113.1/24", "dev", "eph-world")
        ip("addr", "add", "10.213.7.1/24", "dev", "eph-world")
        # No link-local address: the kernel would add its route seconds later, and `machine` would call that a leak.
        ip("link", "set", "eph-world", "addrgenmode", "none", "up")
        inside = ("-n", "ephemeral-world")
        for address in (PUBLIC, PRIVATE):
            ip(*inside, "addr", "add", f"{address}/24", "dev", "world")
        ip(*inside, "link", "set", "world", "up")
        ip(*inside, "link", "set", "lo", "up")
        program = (
            "import http.server as h; s = h.ThreadingHTTPServer(('', 80), h.SimpleHTTPRequestHandler);"
            "print('up', flush=True); s.serve_forever()"
        )
        server = subprocess.Popen(
            ["ip", "netns", "exec", "ephemeral-world", sys.executable, "-c", program],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert server.stdout
        assert server.stdout.readline() == "up\n"
        yield
    finally:
        if server:
            server.kill()
            server.communicate()
        ip("netns", "delete", "ephemeral-world")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


def reaches(name: str, host: str, port: str = "80") -> bool:
    """Whether a pod of the environment gets a connection there; asked in the pod."""
    return kubectl(name, "exec", "deploy/web", "--", "nc", "-w", "3", host, port, check=False).returncode == 0


def test_pods_reach_public_addresses_and_nothing_else_outside(
    cli: Run,
    web: Callable[..., Path],
    elsewhere: None,
) -> None:
    cli("up", "-f", web("preset"))
    assert reaches("preset", PUBLIC)
    assert not reaches("preset", PRIVATE)
    assert not reaches("preset", "203.0.113.1"), "a pod reached an address of the machine"
    assert not reaches("preset", "169.254.169.254")
    assert not reaches("preset", node_of("preset"), "10250"), "a pod reached kubelet"
    cli("down", "preset")
    rules = {"network": {"public-egress": False, "allow-egress": [f"{PRIVATE}/32"]}}
    cli("up", "-f", web("written", isolation=rules))
    assert reaches("written", PRIVATE)
    assert not reaches("written", PUBLIC)
    cli("down", "written")


def node_of(name: str) -> str:
    path = "jsonpath={.items[0].status.addresses[0].address}"
    return kubectl(name, "get", "nodes", "-o", path).stdout


def test_without_outbound_nothing_leaves(
    cli: Run,
    web: Callable[..., Path],
    elsewhere: None,
    machine: dict[str, list[str]],
) -> None:
    cli("up", "-f", web("closed", cluster={"outbound": False}, isolation={"preset": "none"}))
    assert not reaches("closed", PUBLIC)
    assert not reaches("closed", PRIVATE)
    cli("down", "closed")


def test_only_what_is_exposed_is_reached_from_the_machine(
    cli: Run,
    web: Callable[..., Path],
    machine: dict[str, list[str]],
) -> None:
    cli("up", "-f", web("shut", expose=[]))
    address = kubectl("shut", "get", "service", "web", "-o", "jsonpath={.spec.clusterIP}").stdout
    pod = kubectl("shut", "get", "pods", "-o", "jsonpath={.items[0].status.podIP}").stdout
    for host, port in ((address, 80), (pod, 8080), (node_of("shut"), 10250)):
        assert connects(host, port) is False, f"{host}:{port} answers though nothing exposed it"
    assert cli("url", "web").stdout == f"http://{address}/\n"
    assert connects(address, 80)
    assert connects(pod, 8080) is False
    cli("down", "shut")


def connects(host: str, port: int) -> bool:
    import socket

    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture
def programs_for_all() -> Iterator[Path]:
    """The programs where another user may run them: the cache of whoever runs the tests may be closed to him."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ephemeral-test-programs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for program, path in require([*DEFAULT, *OPTIONAL]).items():
            try:
                os.link(path, folder / program)
            except OSError:
                shutil.copy2(path, folder / program)
        yield folder


@pytest.fixture
def sudoer(tmp_path: Path) -> Iterator[Callable[..., list[str]]]:
    """Commands as an ordinary user who may `sudo -n`, the interpreter readable to him though it be root's."""
    if not shutil.which("sudo"):
        pytest.fail("sudo is not installed")
    SUDOERS.write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    SUDOERS.chmod(0o440)
    identity = pwd.getpwnam(USER)
    tmp_path.chmod(0o755)

    def command(*words: str | Path) -> list[str]:
        who = [f"--reuid={identity.pw_uid}", f"--regid={identity.pw_gid}", "--clear-groups"]
        reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return ["setpriv", *who, *reads, *CLI, *map(str, words)]

    yield command
    SUDOERS.unlink()


def test_an_ordinary_user_makes_and_removes_one_by_sudo(
    sudoer: Callable[..., list[str]],
    programs_for_all: Path,
    tmp_path: Path,
    machine: dict[str, list[str]],
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.chown(home, USER)
    state = home / "state"
    places = {"HOME": home, "EPHEMERAL_STATE_DIR": state, "EPHEMERAL_TOOLS_DIR": programs_for_all}
    environment = {**os.environ, **{key: str(value) for key, value in places.items()}}

    def run(*words: str | Path) -> str:
        finished = subprocess.run(
            sudoer(*words), capture_output=True, text=True, cwd=home, env=environment, timeout=120, check=False
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    test = "import os; print(os.getuid(), os.stat(os.environ['KUBECONFIG']).st_uid)"
    uid = pwd.getpwnam(USER).pw_uid
    assert run("run", "--nodes", "real", "--", "python3", "-c", test) == f"{uid} {uid}\n"
    run("up", "--nodes", "real", "--name", "mine")
    from ephemeral.clusters import record

    os.kill(record.read_json(state / "environments/mine/processes.json")["supervisor"]["pid"], 9)
    done = threading.Event()
    for _ in range(100):
        if "dead" in run("list"):
            break
        done.wait(0.1)
    assert "mine" in run("gc")
    assert run("gc", "--check") == "Nothing to collect.\n"
    assert list(state.glob("environments/*")) == []


def test_a_user_without_sudo_is_told_what_is_missing(programs_for_all: Path, tmp_path: Path) -> None:
    identity = pwd.getpwnam(USER)
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    shutil.chown(home, USER)
    who = [f"--reuid={identity.pw_uid}", f"--regid={identity.pw_gid}", "--clear-groups"]
    reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    finished = subprocess.run(
        ["setpriv", *who, *reads, *CLI, "up", "--name", "x", "--nodes", "real"],
        capture_output=True, text=True, cwd=home, timeout=120, check=False,
        env={
            **os.environ, "HOME": str(home), "EPHEMERAL_STATE_DIR": str(home / "state"),
            "EPHEMERAL_TOOLS_DIR": str(programs_for_all),
        },
    )  # fmt: skip
    assert finished.returncode == 16, finished.stderr
    assert "root" in finished.stderr
    assert "nodes: simulated" in finished.stderr
