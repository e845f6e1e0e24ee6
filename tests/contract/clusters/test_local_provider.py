"""The local provider on the real control plane: the life of a cluster, and every way it can end early."""

import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ephemeral.clusters import record
from ephemeral.clusters.local import LocalProvider, furnish
from ephemeral.clusters.local.api import Api
from ephemeral.clusters.local.cluster import LocalCluster
from ephemeral.clusters.local.furnish import create_default_service_account
from ephemeral.clusters.local.paths import paths_of, volatile_bases
from ephemeral.errors import ClusterError, NameTakenError, NoEnvironmentError, SpecError
from ephemeral.fleet import collect, list_environments
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Silent
from ephemeral.spec.model import Cluster, Isolation, SimulatedNodes, Spec
from ephemeral.spec.presets import resolve
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.traces import traces, wait_no_traces

pytestmark = pytest.mark.cluster


def spec_of(name: str, nodes: int = 1) -> Spec:
    return Spec(name=name, cluster=Cluster(nodes="simulated", simulated=SimulatedNodes(count=nodes)))


def create(name: str, *, seconds: float = 600, nodes: int = 1) -> LocalCluster:
    lease = Lease.lasting(timedelta(seconds=seconds), Owner(user="tester"))
    return LocalProvider().create(spec_of(name, nodes), resolve(Isolation()), lease, Silent())


def make_ready(cluster: LocalCluster) -> Api:
    deadline = Deadline(120)
    cluster.wait_answering(deadline)
    cluster.wait_ready(deadline)
    return Api(cluster.kubeconfig)


@pytest.fixture
def ready() -> Iterator[LocalCluster]:
    cluster = create("ready", nodes=3)
    try:
        make_ready(cluster)
        yield cluster
    finally:
        LocalProvider().delete("ready")
        wait_no_traces("ready")


def test_a_ready_cluster_serves_its_owner_alone_and_is_found_by_name(ready: LocalCluster) -> None:
    api = Api(ready.kubeconfig)
    assert api.request("GET", "/readyz")[0] == 200
    assert '"node-2"' in api.request("GET", "/api/v1/nodes")[1]
    for path in (ready.kubeconfig, *ready.paths.pki.glob("*.key")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ready.paths.volatile.stat().st_mode) == 0o700
    found = LocalProvider().get("ready")
    assert found.describe()["state"] == "running"
    assert found.describe()["owner"] == {"user": "tester"}
    assert [entry["name"] for entry in list_environments()] == ["ready"]
    assert collect() == []

    with pytest.raises(NameTakenError, match="ready exists"):
        create("ready")
    assert api.request("GET", "/readyz")[0] == 200

    other = create("other")
    try:
        make_ready(other)
        stranger = Api(ready.kubeconfig)
        stranger._port = Api(other.kubeconfig)._port
        status, reason = stranger.request("GET", "/api/v1/namespaces")
        assert status == 0
        assert "certificate" in reason.lower()
    finally:
        LocalProvider().delete("other")
    wait_no_traces("other")


def test_another_user_of_the_machine_can_not_take_the_port(ready: LocalCluster) -> None:
    port = Api(ready.kubeconfig)._port
    program = textwrap.dedent(f"""
        import os, socket
        os.setuid(65534)
        taker = socket.socket()
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taker.bind(("127.0.0.1", {port}))
    """)
    if os.getuid() != 0:
        program = program.replace("os.setuid(65534)", "").replace("SO_REUSEPORT, 1", "SO_REUSEADDR, 1")
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "Address already in use" in finished.stderr


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kwok"])
def test_a_component_that_dies_is_named_with_its_last_words(component: str) -> None:
    cluster = create("sick")
    try:
        make_ready(cluster)
        record.signal_process(cluster.processes()[component], signal.SIGKILL)

        def reported() -> str:
            if not (words := cluster.diagnose()):
                raise NotYet("nothing reported")
            return words

        words = wait_until(reported, deadline=Deadline(10), what="report")
        assert words.startswith(f"{component} was ended by SIGKILL; its last log lines:\n    ")
        assert cluster.describe()["state"] == "failed"
        with pytest.raises(ClusterError, match=f"{component} was ended by SIGKILL"):
            cluster.wait_ready(Deadline(30))
    finally:
        assert LocalProvider().delete("sick")
    wait_no_traces("sick")


def test_a_program_that_exits_at_once_fails_the_start_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "kube-apiserver"
    broken.write_text("#!/bin/sh\necho 'unknown flag: --permit-port-sharing' >&2\nexit 1\n")
    broken.chmod(0o755)
    import ephemeral.tools

    real = ephemeral.tools.require

    def require(*arguments: object, **named: object) -> dict[str, Path]:
        return {**real(*arguments, **named), "kube-apiserver": broken}  # type: ignore[arg-type]

    monkeypatch.setattr(ephemeral.tools, "require", require)
    cluster = create("broken")
    try:
        with pytest.raises(ClusterError, match=r"kube-apiserver exited with code 1.*\n.*unknown flag"):
            cluster.wait_answering(Deadline(60))
    finally:
        LocalProvider().delete("broken")
    wait_no_traces("broken")


def test_down_of_what_is_not_there_succeeds_and_a_path_is_no_name() -> None:
    assert LocalProvider().delete("nobody") is False
    with pytest.raises(NoEnvironmentError):
        LocalProvider().get("nobody")
    for name in ("../x", "", "A", "a" * 41, "-a", "a/b"):
        with pytest.raises(SpecError, match="no name"):
            LocalProvider().delete(name)


def test_whoever_makes_a_cluster_that_is_removed_meanwhile_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = create("gone")

    def after_its_end(api: Api, deadline: Deadline) -> None:
        LocalProvider().delete("gone")
        create_default_service_account(api, deadline)

    monkeypatch.setattr(furnish, "create_default_service_account", after_its_end)
    with pytest.raises(ClusterError, match="has no supervisor any more"):
        cluster.wait_answering(Deadline(60))


def test_a_stopped_supervisor_is_removed_all_the_same() -> None:
    cluster = create("stuck")
    make_ready(cluster)
    record.signal_process(cluster.processes()["supervisor"], signal.SIGSTOP)
    assert LocalProvider().delete("stuck")
    wait_no_traces("stuck")


def test_gc_removes_what_a_killed_supervisor_left_and_what_outlived_its_lease() -> None:
    killed = create("killed")
    make_ready(killed)
    killed.detach()
    record.signal_process(killed.processes()["supervisor"], signal.SIGKILL)

    def all_ended() -> None:
        if any(record.is_alive(process) for process in killed.processes().values()):
            raise NotYet("components still run")

    wait_until(all_ended, deadline=Deadline(10), what="end of the components")
    (paths_of("torn").home / "pki").mkdir(parents=True)  # a crash before the record was written
    volatile_bases()[0].joinpath("half").mkdir(parents=True)  # a removal that was cut short
    assert [(entry.name, entry.error) for entry in collect(dry_run=True)] == [
        ("half", ""),
        ("killed", ""),
        ("torn", ""),
    ]
    assert traces("killed")
    assert [entry.name for entry in collect()] == ["half", "killed", "torn"]
    for name in ("half", "killed", "torn"):
        wait_no_traces(name)
    assert collect() == []


def test_a_detached_cluster_ends_at_its_lease_and_a_renewal_moves_the_end() -> None:
    cluster = create("leased", seconds=12)
    make_ready(cluster)
    cluster.detach()
    cluster.renew(Lease.lasting(timedelta(hours=1), Owner(user="tester")))
    assert LocalProvider().get("leased").lease.expires_at == cluster.lease.expires_at
    cluster.renew(Lease.lasting(timedelta(seconds=0), Owner(user="tester")))
    wait_no_traces("leased")


def test_one_of_two_creators_wins_a_name() -> None:
    outcomes: list[object] = []

    def attempt() -> None:
        try:
            outcomes.append(create("contested"))
        except NameTakenError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if isinstance(outcome, LocalCluster)]
    assert len(winners) == 1
    make_ready(winners[0])
    LocalProvider().delete("contested")
    wait_no_traces("contested")


CREATOR = """
import sys
from datetime import timedelta
from ephemeral.clusters.local import LocalProvider
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Silent
from ephemeral.spec.model import Cluster, Isolation, Spec
from ephemeral.spec.presets import resolve
from ephemeral.waiting import Deadline
spec = Spec(name=sys.argv[1], cluster=Cluster(nodes="simulated"))
print("begin", flush=True)
cluster = LocalProvider().create(
    spec, resolve(Isolation()), Lease.lasting(timedelta(hours=1), Owner(user="tester")), Silent()
)
cluster.wait_answering(Deadline(60))
cluster.wait_ready(Deadline(60))
print("ready", flush=True)
sys.stdin.read()
"""


def test_kill_9_of_the_owner_at_any_moment_leaves_nothing() -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    print(f"seed {seed}")
    for number in range(12):
        name = f"victim-{number}"
        creator = subprocess.Popen(
            [sys.executable, "-c", CREATOR, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert creator.stdout is not None
        assert creator.stdout.readline() == "begin\n"
        # The first 60 ms hold the most steps (stamp, start, certificates): half of the blows fall there.
        time.sleep(moments.uniform(0, 0.06) if number % 2 else moments.uniform(0.06, 4))
        creator.kill()
        creator.communicate()

        def supervisor_gone(name: str = name) -> None:
            busy = [trace for trace in traces(name) if "supervisor.py" in trace or "--" in trace]
            if busy:
                raise NotYet("\n".join(busy))

        wait_until(supervisor_gone, deadline=Deadline(10), what=f"end of {name}")
        collect()  # what was killed before there was a supervisor is files only
        assert traces(name) == []
