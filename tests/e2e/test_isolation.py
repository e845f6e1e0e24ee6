"""Each rule of the isolation policy, proven by being refused."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

import ephemeral
from ephemeral.environment import Environment
from ephemeral.errors import EphemeralError, SpecError
from ephemeral.kube.client import connect
from ephemeral.kube.transport import ApiError
from ephemeral.spec.model import Cluster, Isolation, Source, Spec
from ephemeral.spec.quantities import parse_quantity
from tests.e2e.conftest import Run
from tests.e2e.objects import config_map, deployment, namespace
from tests.traces import traces

pytestmark = pytest.mark.cluster

SIMULATED = Cluster(nodes="simulated")


def pod(name: str, where: str = "default", *, spec: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "example.com/main:1", **container}]
    metadata = {"name": name, "namespace": where}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **(spec or {})}}


def source(folder: Path, *manifests: dict[str, Any]) -> Source:
    (folder / "app.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    return Source(manifests=(str(folder / "app.json"),))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("isolation")


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, state: Path) -> Iterator[Environment]:
    """An app in `default` and in a namespace that it brings."""
    app = source(
        tmp_path_factory.mktemp("app"),
        namespace("team"),
        deployment("web", replicas=2),
        deployment("db", namespace="team"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(state))
        with ephemeral.up(Spec(name="isolated", cluster=SIMULATED, app=(app,))) as environment:
            yield environment


@pytest.fixture(scope="module")
def stranger(state: Path) -> Iterator[Environment]:
    """An environment without an app, in which nothing is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(state))
        with ephemeral.up(Spec(name="stranger", cluster=SIMULATED)) as environment:
            yield environment


BREACHES: dict[str, dict[str, Any]] = {
    "privileged": {"securityContext": {"privileged": True}},
    "capabilities": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    "hostPort": {"ports": [{"containerPort": 80, "hostPort": 80}]},
    "hostPath": {"spec": {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}},
    "hostNetwork": {"spec": {"hostNetwork": True}},
    "hostPID": {"spec": {"hostPID": True}},
}


@pytest.mark.parametrize("where", ["default", "team", "later"])
@pytest.mark.parametrize("breach", BREACHES)
def test_pod_security_refuses_in_every_namespace_present_and_future(env: Environment, where: str, breach: str) -> None:
    env.kube.apply(namespace(where))
    env.kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": where}})
    with pytest.raises(ApiError, match='violates PodSecurity "baseline:latest"'):
        env.kube.apply(pod("breach", where, **BREACHES[breach]))


def test_the_namespaces_of_an_app_share_the_total(env: Environment) -> None:
    quotas = {item["metadata"]["namespace"]: item for item in env.kube.list("v1", "ResourceQuota")}
    assert set(quotas) == {"default", "team"}
    for resource, total in (("pods", "20"), ("requests.cpu", "10"), ("limits.memory", "40Gi"), ("services", "20")):
        shares = [parse_quantity(item["status"]["hard"][resource]) for item in quotas.values()]
        assert sum(shares) <= parse_quantity(total)
        assert sum(shares) > parse_quantity(total) * 9 / 10
        assert min(shares) > 0


def test_a_container_that_states_nothing_gets_the_defaults(env: Environment) -> None:
    made = env.kube.apply(pod("modest"))
    resources = made["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "8Gi"}
    assert resources["requests"] == {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "3Gi"}
    env.kube.delete("v1", "Pod", "modest", "default")


@pytest.mark.parametrize("where", ["default", "team"])
def test_network_policies_open_the_environment_dns_and_public_addresses_only(env: Environment, where: str) -> None:
    policies = env.kube.list("networking.k8s.io/v1", "NetworkPolicy", namespace=where)
    specs = [policy["spec"] for policy in policies]
    assert {kind for spec in specs for kind in spec["policyTypes"]} == {"Ingress", "Egress"}
    assert all(spec["podSelector"] == {} for spec in specs)
    peers = [peer for spec in specs for rule in spec.get("egress", []) for peer in rule.get("to", [])]
    blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
    assert [block["cidr"] for block in blocks] == ["0.0.0.0/0"]
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"}
    assert set(blocks[0]["except"]) == private
    assert {"namespaceSelector": {}} in peers
    froms = [peer for spec in specs for rule in spec.get("ingress", []) for peer in rule.get("from", [])]
    assert froms == [{"namespaceSelector": {}}]


def test_the_quota_counts_from_the_first_moment() -> None:
    with ephemeral.up(Spec(name="moment", cluster=SIMULATED)) as env:

        def attempt(number: int) -> str:
            try:
                env.kube.apply(pod(f"pod-{number}", resources={"requests": {"ephemeral-storage": "1Gi"}}))
            except ApiError as error:
                return str(error)
            return ""

        with ThreadPoolExecutor(8) as pool:
            refusals = [words for words in pool.map(attempt, range(26)) if words]
    assert len(refusals) == 6
    assert all("exceeded quota: ephemeral" in words for words in refusals)


def test_an_app_beyond_the_total_is_refused_with_the_arithmetic_before_anything_is_made(
    stranger: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = source(
        tmp_path, deployment("web", replicas=15), namespace("team"), deployment("db", replicas=8, namespace="team")
    )
    monkeypatch.setattr(stranger, "spec", Spec(name="stranger", cluster=SIMULATED, app=(app,)))
    with pytest.raises(SpecError) as refusal:
        stranger.deploy()
    assert stranger.kube.get("v1", "Namespace", "team") is None
    assert "pods" in str(refusal.value)
    assert "15" in str(refusal.value)
    assert "23 > 20" in str(refusal.value)


def test_preset_none_is_open() -> None:
    spec = Spec(name="open", cluster=SIMULATED, isolation=Isolation(preset="none"))
    with ephemeral.up(spec) as env:
        env.kube.apply(pod("root", securityContext={"privileged": True}))
        for kind in (("v1", "ResourceQuota"), ("v1", "LimitRange"), ("networking.k8s.io/v1", "NetworkPolicy")):
            assert env.kube.list(*kind) == []


def test_restricted_when_asked(tmp_path: Path) -> None:
    spec = Spec(name="strict", cluster=SIMULATED, isolation=Isolation(pod_security="restricted"))
    with ephemeral.up(spec) as env, pytest.raises(ApiError, match='violates PodSecurity "restricted:latest"'):
        env.kube.apply(pod("plain"))


POLICY = """
pod-security: restricted
quota: {pods: 10, requests.cpu: 4}
ttl: 30m
providers: [local]
"""


def test_ephemeral_yaml_can_not_loosen_the_host_policy(cli: Run, project: Callable[..., Path], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    spec = project("loose", isolation={"pod-security": "baseline", "quota": {"pods": 30}}, ttl="2h")
    words = cli("up", "-f", spec, "--policy", policy, code=12).stderr
    for ours, theirs in (("2h", "30m"), ("baseline", "restricted"), ("30", "10")):
        line = next(line for line in words.splitlines() if theirs in line and ours in line)
        assert "ephemeral.yaml" in line
        assert "policy.yaml" in line
    assert traces("loose") == []


@pytest.mark.parametrize(
    ("keys", "asked", "allowed"),
    [
        ({"cluster": {"provider": "vcluster"}}, "cluster.provider asks for vcluster", "providers allows only local"),
        ({"isolation": {"preset": "none"}}, "isolation.preset asks for none", "pod-security allows at least restrict"),
    ],
)
def test_other_ways_around_the_host_policy(
    cli: Run, project: Callable[..., Path], tmp_path: Path, keys: dict[str, Any], asked: str, allowed: str
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    words = cli("up", "-f", project("around", **keys), "--policy", policy, code=12).stderr
    line = next(line for line in words.splitlines() if asked in line)
    assert allowed in line
    assert "ephemeral.yaml:" in line
    assert "policy.yaml:" in line


def test_defaults_are_lowered_to_the_host_policy(cli: Run, project: Callable[..., Path], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    cli("up", "-f", project("lowered", config_map("x")), "--policy", policy)
    env = ephemeral.attach("lowered")
    assert (env.lease.expires_at - env.lease.created_at).total_seconds() == 30 * 60
    quota = env.kube.get("v1", "ResourceQuota", "ephemeral", "default")
    assert quota
    assert (quota["spec"]["hard"]["pods"], quota["spec"]["hard"]["requests.cpu"]) == ("10", "4")
    with pytest.raises(EphemeralError, match="restricted"):
        env.kube.apply(pod("plain"))


def test_the_administrator_of_one_environment_is_nobody_in_another(
    env: Environment, stranger: Environment, tmp_path: Path
) -> None:
    ours, theirs = (yaml.safe_load(each.kubeconfig.read_text()) for each in (env, stranger))
    mixed = tmp_path / "kubeconfig"
    for user, status in ((ours, 200), (theirs, 401)):
        mixed.write_text(json.dumps({**ours, "users": [{**ours["users"][0], "user": user["users"][0]["user"]}]}))
        try:
            found = connect(mixed).transport.request("GET", "/api/v1/namespaces").status
        except ApiError as error:
            found = error.status
        assert found == status
