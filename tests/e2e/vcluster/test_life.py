"""An environment on a host from start to end, and whatever may come between."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ephemeral import Environment, attach, up
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider, naming
from ephemeral.clusters.vcluster.desk import desk_of
from ephemeral.clusters.vcluster.stamp import find_stamp, lease_annotations
from ephemeral.clusters.vcluster.teardown import delete
from ephemeral.errors import ClusterError, EphemeralError, NameTakenError, PolicyError, WorkloadError
from ephemeral.fleet import collect, list_environments
from ephemeral.spec.model import Chart, Isolation, Ready, Source, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.e2e.objects import deployment
from tests.e2e.vcluster.accounts import remove_namespace
from tests.e2e.vcluster.conftest import nothing_left, spec_on
from tests.images import AGNHOST

pytestmark = pytest.mark.cluster


@pytest.fixture
def other_machine(host: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on this is a machine that knows nothing but the host's kubeconfig."""

    def move() -> None:
        monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path / "other"))
        monkeypatch.setenv("EPHEMERAL_HOST_KUBECONFIG", str(host.kubeconfig))

    return move


def app(folder: Path, **container: Any) -> Source:
    file = folder / "app.json"
    file.write_text(json.dumps(deployment("web", **{"image": AGNHOST, "args": ["pause"], **container})))
    return Source(manifests=(str(file),))


def test_up_deploy_update_and_down_from_another_machine(
    host: Environment, provider: VclusterProvider, tmp_path: Path, other_machine: Callable[[], None]
) -> None:
    spec = spec_on(host, "life", app=(app(tmp_path),))
    environment = up(spec, detach=True)
    assert environment.workloads()["Deployment default/web"] == "1/1 ready"
    assert environment.describe()["state"] == "running"
    accounts = {
        each: environment.kube.get("v1", "ServiceAccount", "default", each) for each in ("default", "kube-system")
    }
    made = {each: account["metadata"]["creationTimestamp"] for each, account in accounts.items() if account}
    assert made["default"] < made["kube-system"], "controllers have made them all, seconds later than it can be had"
    privileged = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": "default"},
        "spec": {"containers": [{"name": "a", "image": AGNHOST, "securityContext": {"privileged": True}}]},
    }
    with pytest.raises(ClusterError, match='violates PodSecurity "baseline'):
        environment.kube.apply(privileged)
    assert provider.host.kube.get("v1", "ResourceQuota", "vc-life", "ephemeral-life") is not None

    again = up(replace(spec, isolation=Isolation(quota={"pods": "15"}), ttl="2h"), detach=True)
    quota = provider.host.kube.get("v1", "ResourceQuota", "vc-life", "ephemeral-life")
    assert quota
    assert quota["spec"]["hard"]["pods"] == "15"
    assert again.lease.expires_at > environment.lease.expires_at
    assert again.lease.created_at == environment.lease.created_at

    other_machine()
    (found,) = list_environments(everywhere=True)
    assert (found["name"], found["state"], found["owner"]) == ("life", "running", environment.lease.to_dict()["owner"])
    assert attach("life").workloads()["Deployment default/web"] == "1/1 ready"
    assert provider.delete("life")
    nothing_left(provider, "life")
    assert not provider.delete("life")


def test_a_replaced_control_plane_is_found_again_by_the_same_address(
    host: Environment, provider: VclusterProvider
) -> None:
    """Its state was in the pod: what matters is that no port-forward hangs, and that it says what happened."""
    with up(spec_on(host, "replaced")) as environment:
        before = environment.kubeconfig.read_text()
        path = "/api/v1/namespaces/ephemeral-replaced/pods?labelSelector=app%3Dvcluster"
        provider.host.kube.transport.request("DELETE", path, body={"gracePeriodSeconds": 0})

        def answers() -> None:
            try:
                environment.kube.transport.request("GET", "/readyz")
            except EphemeralError as error:
                raise NotYet(error.message) from error

        wait_until(answers, deadline=Deadline(90), what="the new control plane")
        assert environment.kubeconfig.read_text() == before
    nothing_left(provider, "replaced")


def test_an_image_that_is_not_there_ends_the_start_at_once(host: Environment, provider: VclusterProvider) -> None:
    spec = spec_on(host, "noimage")
    wrong = replace(spec.cluster.host, registry="registry.invalid")
    with pytest.raises(ClusterError, match=r"(?s)control plane of noimage can't start.*registry\.invalid"):
        up(replace(spec, cluster=replace(spec.cluster, host=wrong)))
    nothing_left(provider, "noimage")


def test_a_quota_of_the_environment_shows_in_its_own_words(
    host: Environment, provider: VclusterProvider, tmp_path: Path
) -> None:
    spec = spec_on(host, "full", app=(app(tmp_path, replicas=4),), isolation=Isolation(quota={"pods": "4"}))
    with pytest.raises(WorkloadError, match="exceeded quota"):
        up(replace(spec, ready=Ready(timeout="90s")))
    nothing_left(provider, "full")


def test_no_chart_no_environment(host: Environment, provider: VclusterProvider) -> None:
    spec = spec_on(host, "nochart")
    nowhere = replace(spec.cluster.host, chart=Chart(source="/nowhere/chart"))
    with pytest.raises(ClusterError, match="chart can't be installed") as raised:
        up(replace(spec, cluster=replace(spec.cluster, host=nowhere)))
    assert "cluster.host.chart" in str(raised.value.hint)
    nothing_left(provider, "nochart")


def test_what_is_not_ours_is_neither_used_nor_deleted(host: Environment, provider: VclusterProvider) -> None:
    kube = provider.host.kube
    labels = naming.labels_of("labelled")
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ephemeral-strange"}})
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ephemeral-labelled", "labels": labels}})
    try:
        for name in ("strange", "labelled"):
            with pytest.raises(ClusterError):
                up(spec_on(host, name))
            with pytest.raises(ClusterError):
                provider.delete(name)
            assert kube.get("v1", "Namespace", f"ephemeral-{name}") is not None
        with pytest.raises(NameTakenError, match="not made by ephemeral"):
            provider.get("strange")
        assert provider.doomed() == {}
    finally:
        for name in ("strange", "labelled"):
            kube.delete("v1", "Namespace", f"ephemeral-{name}")


def test_the_host_policy_holds_whoever_asks(host: Environment, provider: VclusterProvider) -> None:
    kube = provider.host.kube
    chart = spec_on(host, "held").cluster.host.chart.source
    policy = {"policy.yaml": f"pod-security: restricted\nttl: 30m\nchart-sources: [{chart}]"}
    metadata = {"name": "ephemeral-policy", "namespace": "ephemeral-system"}
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ephemeral-system"}})
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": policy})
    try:
        with pytest.raises(PolicyError, match=r"ttl asks for 2h; ConfigMap ephemeral-system/ephemeral-policy"):
            up(spec_on(host, "held", ttl="2h"))
        with pytest.raises(PolicyError, match="baseline"):
            up(spec_on(host, "held", isolation=Isolation(pod_security="baseline")))
        lowered = provider.admit(spec_on(host, "held"))
        assert (lowered.ttl, lowered.isolation.pod_security) == ("30m", "restricted")
        assert provider.list() == []
    finally:
        kube.delete("v1", "ConfigMap", "ephemeral-policy", "ephemeral-system")  # its namespace goes only after a while
        remove_namespace(host, "ephemeral-system")


def test_restricted_pods_are_all_that_it_takes_and_it_starts_all_the_same(
    host: Environment, provider: VclusterProvider
) -> None:
    with up(spec_on(host, "strict", isolation=Isolation(pod_security="restricted"))) as environment:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "plain", "namespace": "default"},
            "spec": {"containers": [{"name": "a", "image": AGNHOST}]},
        }
        with pytest.raises(ClusterError, match='violates PodSecurity "restricted'):
            environment.kube.apply(pod)


def test_whoever_outlived_the_lease_or_the_maker_is_collected_from_another_machine(
    host: Environment, provider: VclusterProvider, other_machine: Callable[[], None]
) -> None:
    """One that is held up stops none of the others."""
    now = provider.host.now()
    stamps = {name: _half_made(host, name) for name in ("expired", "silent", "held", "living")}
    lease = stamps["expired"].lease
    ended = lease_annotations(replace(lease, expires_at=now - timedelta(seconds=1)))
    for name in ("expired", "held"):
        stamps[name].write(LEASE=ended[naming.LEASE])
    stamps["silent"].write(HEARTBEAT=(now - timedelta(minutes=5)).isoformat())
    finalizer = {"name": "held", "namespace": "ephemeral-held", "finalizers": ["example.com/held"]}
    provider.host.kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": finalizer})

    other_machine()
    assert {each.name: each.reason for each in collect(dry_run=True)} == {
        "expired": "its lease ended", "held": "its lease ended", "silent": "its maker is gone"
    }  # fmt: skip
    with pytest.raises(ClusterError, match=r"(?s)ConfigMap ephemeral-held/held is held by example\.com/held") as stuck:
        delete(provider.host, "held", seconds=3)
    assert "--force" in str(stuck.value.hint)
    provider.delete("held", force=True)
    assert {each.name: each.error for each in collect()} == {"expired": "", "silent": ""}
    assert [each.name for each in provider.list()] == ["living"]


def test_two_who_race_for_a_name_get_the_same_environment(host: Environment, provider: VclusterProvider) -> None:
    results: list[object] = []

    def make() -> None:
        try:
            results.append(up(spec_on(host, "raced"), detach=True))
        except EphemeralError as error:
            results.append(error)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [each for each in results if isinstance(each, Environment)]
    assert made, results
    assert all(isinstance(each, Environment | NameTakenError) for each in results), results
    assert made[0].kube.get("v1", "ServiceAccount", "default", "default") is not None
    assert [each.name for each in provider.list()] == ["raced"]


@pytest.mark.parametrize("phase", ["create: ", "ready"])
def test_kill_9_of_the_command_leaves_nothing(
    host: Environment, provider: VclusterProvider, tmp_path: Path, phase: str
) -> None:
    spec = spec_on(host, "killed")
    file = tmp_path / "ephemeral.yaml"
    place = {"kubeconfig": spec.cluster.host.kubeconfig, "chart": {"source": spec.cluster.host.chart.source}}
    file.write_text(json.dumps({"name": "killed", "cluster": {"provider": "vcluster", "host": place}}))
    command = [sys.executable, "-m", "ephemeral", "run", "-f", str(file), "--name", "killed", "--", "sleep", "60"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as run:
        assert run.stderr
        if phase == "ready":
            next(line for line in run.stderr if "create: done" in line)
        else:
            wait_until(lambda: _stamped(provider), deadline=Deadline(30), what="the stamp", interval=0.01)
        run.send_signal(signal.SIGKILL)

    def gone() -> None:
        if find_stamp(provider.host, "killed"):
            raise NotYet("it is still there")

    wait_until(gone, deadline=Deadline(60), what="end of what was killed")
    wait_until(lambda: _no_desk("killed"), deadline=Deadline(10), what="end of its keeper")
    nothing_left(provider, "killed")


def _stamped(provider: VclusterProvider) -> None:
    if find_stamp(provider.host, "killed") is None or not desk_of("killed").keeper.exists():
        raise NotYet("no keeper yet")


def _no_desk(name: str) -> None:
    if desk_of(name).folder.exists():
        raise NotYet("its keeper has not left")


def _half_made(host: Environment, name: str) -> Any:
    """Stamped and no more: what a maker that died at once leaves."""
    from ephemeral.clusters.vcluster.stamp import create_stamp
    from ephemeral.leases import Lease, Owner
    from ephemeral.spec.presets import resolve

    spec: Spec = spec_on(host, name)
    provider = provider_for(spec.cluster)
    assert isinstance(provider, VclusterProvider)
    lease = Lease.lasting(timedelta(hours=1), Owner(user="tester"))
    now = provider.host.now()
    return create_stamp(provider.host, name, lease, resolve(spec.isolation), kubernetes="1.36.0", heartbeat=now)
