"""The warm pool: stopped clusters that answer at once, live as long as their claimer, and are never used twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ephemeral.clusters.local import LocalProvider
from ephemeral.clusters.local.cluster import LocalCluster
from ephemeral.environment import unique_name
from ephemeral.errors import EphemeralError, WaitError
from ephemeral.fleet.pool import MEMBER_BYTES, Member, Pool, discard
from ephemeral.kube.client import connect
from ephemeral.leases import Owner
from ephemeral.spec.model import Cluster, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.plugin.suites import start, wait_nothing_left

pytestmark = pytest.mark.cluster

SPEC = Spec(name="pooled", cluster=Cluster(nodes="simulated"))
DEADLINE = 120.0
MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    pools = []

    def make(size: int, spec: Spec = SPEC, **options: object) -> Pool:
        pools.append(Pool(spec, size=size, name=unique_name, **options))  # type: ignore[arg-type]
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
    wait_nothing_left()


def claim(pool: Pool, seconds: float = DEADLINE) -> Member:
    return pool.claim(Owner(test="mine"), ttl=timedelta(minutes=5), deadline=Deadline(seconds))


def states(cluster: LocalCluster) -> dict[str, str]:
    """Process -> its state: T is stopped."""
    found = {}
    for name, process in cluster.processes().items():
        stat = Path(f"/proc/{process['pid']}/stat").read_text()
        found[name] = stat.rpartition(")")[2].split()[0]
    return found


def test_members_are_stopped_and_a_claimed_one_runs_with_its_owners_lease(make_pool: MakePool) -> None:
    pool = make_pool(2)
    pool.fill(total=2)
    pool.wait_full(Deadline(DEADLINE))

    def all_stopped() -> None:  # a busy process stops a moment after the signal
        for cluster in LocalProvider().list():
            stopped = states(cluster)
            assert stopped.pop("supervisor") != "T"
            if set(stopped.values()) != {"T"}:
                raise NotYet(str(stopped))

    wait_until(all_stopped, deadline=Deadline(5), what="members stopped")
    first, second = claim(pool), claim(pool)
    assert first.cluster.name != second.cluster.name
    for member in (first, second):
        kube = connect(member.cluster.kubeconfig)
        assert kube.get("v1", "ServiceAccount", "default", "default")
        assert [node["spec"].get("taints") for node in kube.list("v1", "Node")] == [None]
        assert "T" not in states(member.cluster).values()
        found = LocalProvider().get(member.cluster.name).lease
        assert found.owner == Owner(test="mine")
        assert timedelta(minutes=4) < found.expires_at - found.created_at <= timedelta(minutes=5)
        discard(member)


def test_it_makes_no_more_than_will_be_claimed_and_waits_for_who_comes_late(make_pool: MakePool) -> None:
    pool = make_pool(4)
    pool.fill(total=1)
    pool.wait_full(Deadline(DEADLINE))
    assert len(LocalProvider().list()) == 1
    discard(claim(pool))
    discard(claim(pool))  # one more than was said: made for whoever waits


def test_without_memory_it_makes_only_what_somebody_waits_for(make_pool: MakePool) -> None:
    pool = make_pool(4, free_bytes=lambda: MEMBER_BYTES - 1)
    pool.fill(total=4)
    pool.wait_full(Deadline(5))
    assert LocalProvider().list() == []
    discard(claim(pool))


def test_a_member_that_died_in_its_sleep_is_passed_over(make_pool: MakePool) -> None:
    pool = make_pool(1)
    pool.fill(total=2)
    pool.wait_full(Deadline(DEADLINE))
    [dead] = LocalProvider().list()
    os.kill(dead.processes()["kube-apiserver"]["pid"], signal.SIGKILL)
    member = claim(pool)
    assert member.cluster.name != dead.name
    discard(member)


def test_a_claimed_one_ends_with_its_owner_and_not_with_the_pool(make_pool: MakePool) -> None:
    pool = make_pool(1)
    member = claim(pool)
    pool.close()
    assert connect(member.cluster.kubeconfig).list("v1", "Node")
    os.close(member.owner)
    wait_nothing_left()


def test_what_can_not_be_made_is_everybodys_failure(make_pool: MakePool) -> None:
    pool = make_pool(1, Spec(name="pooled", cluster=Cluster(nodes="simulated", kubernetes="1.2")))
    for _ in range(2):
        with pytest.raises(EphemeralError, match=r"1\.2"):
            claim(pool)


def test_closing_ends_what_is_in_the_making(make_pool: MakePool) -> None:
    pool = make_pool(2)
    pool.fill(total=2)

    def one_is_on_its_way() -> None:
        if not LocalProvider().list():
            raise NotYet("none yet")

    wait_until(one_is_on_its_way, deadline=Deadline(DEADLINE), what="start")
    pool.close()
    wait_nothing_left()
    with pytest.raises(WaitError, match="closed"):
        claim(pool)


@pytest.fixture
def service(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`python -m pytest_ephemeral.pool`, full."""
    argv = [sys.executable, "-m", "pytest_ephemeral.pool", "--nodes=simulated", "--size=2"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "2 clusters are ready\n"
        yield process
        process.terminate()
        assert process.wait(30) == 143
    wait_nothing_left()


@pytest.mark.parametrize("arguments", [["-n0"], ["-n2"], ["-n2", "--ephemeral-scope=test"]], ids=" ".join)
def test_a_pool_between_runs(tmp_path: Path, service: "subprocess.Popen[str]", arguments: list[str]) -> None:
    test = "def test_{}(kube): assert kube.list('v1', 'Node')\n"
    (tmp_path / "test_it.py").write_text(test.format("one") + test.format("two"))
    output, _ = start(tmp_path, *arguments).communicate(timeout=200)
    assert "2 passed" in output
    assert "claimed, of " in output
    assert "created, of " not in output


def test_a_pool_of_another_kind_is_left_alone(tmp_path: Path, service: "subprocess.Popen[str]") -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kube): assert len(kube.list('v1', 'Node')) == 2\n")
    (tmp_path / "ephemeral.yaml").write_text("name: other\ncluster: {nodes: simulated, simulated: {count: 2}}\n")
    output, _ = start(tmp_path).communicate(timeout=200)
    assert "1 passed" in output
    assert "created, of the run" in output
