"""Exactly the shipped role is enough on a host, in both of its modes; less is refused in the host's own words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from ephemeral import Environment, up
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider
from ephemeral.clusters.vcluster.rights import Right, role_of
from ephemeral.clusters.vcluster.stamp import create_stamp
from ephemeral.errors import ClusterError, EphemeralError, NameTakenError
from ephemeral.fleet import collect, list_environments
from ephemeral.leases import Lease, Owner
from ephemeral.spec.model import Isolation, Spec
from ephemeral.spec.presets import resolve
from tests.e2e.conftest import Run
from tests.e2e.vcluster.accounts import grant, kubeconfig_of, make_namespace
from tests.e2e.vcluster.conftest import spec_on

pytestmark = pytest.mark.cluster


@pytest.fixture
def shipped(cli: Run, host: Environment) -> Callable[[str], dict[str, object]]:
    """The role that the command prints, for a namespace or (empty) for one per environment."""

    def role(namespace: str) -> dict[str, object]:
        variables = {"EPHEMERAL_HOST_KUBECONFIG": str(host.kubeconfig), "EPHEMERAL_HOST_NAMESPACE": namespace}
        return dict(yaml.safe_load(cli("doctor", "--rights", env=variables_with(variables)).stdout))

    return role


def variables_with(more: dict[str, str]) -> dict[str, str]:
    import os

    return {**os.environ, **more}


def spec_as(host: Environment, name: str, kubeconfig: Path, namespace: str = "") -> Spec:
    spec = spec_on(host, name)
    place = replace(spec.cluster.host, kubeconfig=str(kubeconfig), namespace=namespace)
    return replace(spec, cluster=replace(spec.cluster, host=place))


@contextmanager
def outlived(host: Environment, name: str) -> Iterator[None]:
    """The namespace of an environment whose lease has ended: whoever sees it would collect it."""
    provider = provider_for(spec_on(host, name).cluster)
    assert isinstance(provider, VclusterProvider)
    lease = Lease.lasting(timedelta(seconds=1), Owner()).shifted(-timedelta(hours=1))
    policy = resolve(Isolation())
    create_stamp(provider.host, name, lease, policy, kubernetes="", heartbeat=provider.host.now())
    assert name in provider.doomed()
    yield
    provider.delete(name)


def names(host: Environment, kind: str, namespace: str | None = None) -> set[str]:
    version = "rbac.authorization.k8s.io/v1" if "Role" in kind else "v1"
    return {each["metadata"]["name"] for each in host.kube.list(version, kind, namespace=namespace)}


def test_the_cluster_role_makes_and_removes_a_namespace_per_environment(host, shipped, tmp_path) -> None:
    kubeconfig = kubeconfig_of(host, "wide", tmp_path)
    grant(host, "wide", shipped(""))
    before = names(host, "Namespace"), names(host, "ClusterRole")
    with up(spec_as(host, "wide", kubeconfig)) as environment:
        assert environment.kube.get("v1", "Namespace", "default")
        assert names(host, "Namespace") - before[0] == {"ephemeral-wide"}
        status = environment.describe()
        assert (status["state"], status["namespace"]) == ("running", "ephemeral-wide")
    assert (names(host, "Namespace"), names(host, "ClusterRole")) == before


def test_a_role_in_one_namespace_is_enough_for_one_environment_there(
    host, shipped, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_namespace(host, "team")
    kubeconfig = kubeconfig_of(host, "narrow", tmp_path)
    grant(host, "narrow", shipped("team"))
    kinds = ("ConfigMap", "Secret", "Service", "Pod", "ServiceAccount", "Role")
    before = names(host, "Namespace"), {kind: names(host, kind, "team") for kind in kinds}
    with outlived(host, "elsewhere"), up(spec_as(host, "narrow", kubeconfig, "team")) as environment:
        monkeypatch.setenv("EPHEMERAL_HOST_KUBECONFIG", str(kubeconfig))
        monkeypatch.setenv("EPHEMERAL_HOST_NAMESPACE", "team")
        assert environment.kube.get("v1", "Namespace", "default")
        assert environment.describe()["namespace"] == "team"
        assert names(host, "Namespace") - before[0] == {"ephemeral-elsewhere"}
        (listed,) = [each for each in list_environments(everywhere=True) if each["provider"] == "vcluster"]
        assert listed["name"] == "narrow"
        assert collect(dry_run=True) == []
        with pytest.raises(NameTakenError, match=r"namespace team of the host has environment narrow"):
            up(spec_as(host, "second", kubeconfig, "team"))
    assert names(host, "Namespace") == before[0]
    assert {kind: names(host, kind, "team") for kind in kinds} == before[1]


def test_without_rights_the_host_says_which_and_doctor_prints_them(host, cli: Run, tmp_path) -> None:
    kubeconfig = kubeconfig_of(host, "nobody", tmp_path)
    with pytest.raises(ClusterError, match=r'ephemeral-policy.*cannot get resource "configmaps"'):
        up(spec_as(host, "nobody", kubeconfig))
    grant(host, "nobody", role_of("", [Right("", "configmaps", "get"), Right("", "namespaces", "get")]))
    with pytest.raises(ClusterError, match=r'cannot create resource "namespaces"') as refused:
        up(spec_as(host, "nobody", kubeconfig))
    assert "doctor --host" in (refused.value.hint or "")
    make_namespace(host, "team")
    with pytest.raises(EphemeralError, match=r'cannot list resource "configmaps".*"team"'):
        up(spec_as(host, "nobody", kubeconfig, "team"))

    variables = variables_with({"EPHEMERAL_HOST_KUBECONFIG": str(kubeconfig), "EPHEMERAL_HOST_NAMESPACE": "team"})
    said = cli("doctor", "--host", env=variables, code=1).stdout
    assert "rights: missing in namespace team: " in said
    role = yaml.safe_load(said.partition("to bind:\n")[2])
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "team")
    grant(host, "nobody", role)
    said = cli("doctor", "--host", env=variables).stdout
    assert "rights: all that it takes in namespace team" in said
    assert "unknown" in said  # what it takes more rights to see


def test_doctor_tells_what_an_admin_may_see(host, cli: Run) -> None:
    said = cli("doctor", "--host", env=variables_with({"EPHEMERAL_HOST_KUBECONFIG": str(host.kubeconfig)})).stdout
    assert "host: " in said
    assert "Kubernetes v1." in said
    assert "control planes fit on 1 nodes" in said
    assert "network rules: unknown: " in said
    assert "vcluster on 1 of 1 nodes" in said
