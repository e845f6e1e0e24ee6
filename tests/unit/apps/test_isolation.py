"""What an app takes, how a quota is shared, and the objects that come of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ephemeral.apps.isolation.demand import demand, standing_demand
from ephemeral.apps.isolation.namespaces import namespaces_of, without_namespace
from ephemeral.apps.isolation.nodeports import without_node_ports
from ephemeral.apps.isolation.objects import isolation_objects
from ephemeral.apps.isolation.podsize import pod_size
from ephemeral.apps.isolation.quota import shares
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Isolation, Network
from ephemeral.spec.presets import resolve
from ephemeral.spec.quantities import parse_quantity

POLICY = resolve(Isolation())
BARE = resolve(Isolation(preset="none"))
GIB = 1024**3


def manifest(kind, spec=None, api_version="v1", name="a", namespace=None, **options):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    item = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec or {}}
    return Manifest(object=item, origin="a.yaml:1", **options)


def container(requests=None, limits=None, **more):
    return {"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}, **more}


def deployment(replicas=1, requests=None, **options):
    pod = {"containers": [container(requests)]}
    return manifest("Deployment", {"replicas": replicas, "template": {"spec": pod}}, "apps/v1", **options)


def taken(item, policy=BARE, **options):
    [part] = demand([item], policy, **options)
    return {name: amount for name, amount in part.amounts.items() if amount}


def test_containers_without_resources_get_the_policys_defaults():
    size = pod_size({"containers": [container()]}, POLICY)
    assert size["requests.cpu"] == Decimal("0.1")
    assert size["limits.memory"] == 512 * 1024**2


def test_stated_limit_becomes_the_request_before_the_default_does():
    size = pod_size({"containers": [container(limits={"cpu": "2"})]}, POLICY)
    assert size["requests.cpu"] == 2


def test_init_containers_run_one_by_one_before_the_others():
    spec = {
        "initContainers": [container({"cpu": "3"}), container({"cpu": "2"})],
        "containers": [container({"cpu": "1"}), container({"cpu": "1500m"})],
    }
    assert pod_size(spec, BARE)["requests.cpu"] == 3


def test_sidecars_run_beside_all_that_follow():
    spec = {
        "initContainers": [container({"cpu": "1"}, restartPolicy="Always"), container({"cpu": "3"})],
        "containers": [container({"cpu": "1"})],
    }
    assert pod_size(spec, BARE)["requests.cpu"] == 4


def test_resources_of_the_whole_pod_win():
    spec = {"containers": [container({"cpu": "1"})], "resources": {"requests": {"cpu": "2"}}}
    assert pod_size(spec, BARE)["requests.cpu"] == 2


@pytest.mark.parametrize(
    ("kind", "spec", "pods"),
    [
        ("Deployment", {"replicas": 3}, 3),
        ("StatefulSet", {}, 1),
        ("DaemonSet", {}, 4),
        ("Job", {"parallelism": 5, "completions": 2}, 2),
        ("Job", {"parallelism": 5}, 5),
    ],
)
def test_number_of_pods(kind, spec, pods):
    item = manifest(kind, {**spec, "template": {"spec": {"containers": [container({"cpu": "1"})]}}}, "apps/v1")
    amounts = taken(item, nodes=4)
    assert (amounts["pods"], amounts["requests.cpu"]) == (pods, pods)


def test_cron_job_takes_what_one_of_its_jobs_takes():
    job = {"parallelism": 2, "template": {"spec": {"containers": [container({"memory": "1Gi"})]}}}
    amounts = taken(manifest("CronJob", {"jobTemplate": {"spec": job}}, "batch/v1"))
    assert (amounts["pods"], amounts["requests.memory"]) == (2, 2 * GIB)


def test_stateful_set_claims_storage_for_each_replica():
    claim = {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}
    spec = {"replicas": 3, "template": {"spec": {"containers": [container()]}}, "volumeClaimTemplates": [claim]}
    amounts = taken(manifest("StatefulSet", spec, "apps/v1"))
    assert (amounts["persistentvolumeclaims"], amounts["requests.storage"]) == (3, 30 * GIB)


@pytest.mark.parametrize(
    ("item", "counted"),
    [
        (manifest("ConfigMap"), {"configmaps", "count/configmaps"}),
        (manifest("Ingress", api_version="networking.k8s.io/v1"), {"count/ingresses.networking.k8s.io"}),
        (manifest("NetworkPolicy", api_version="networking.k8s.io/v1"), {"count/networkpolicies.networking.k8s.io"}),
        (manifest("Service", {"type": "ExternalName"}), {"services", "count/services"}),
        (
            manifest("Service", {"type": "LoadBalancer", "ports": [{"port": 80}]}),
            {"services", "count/services", "count/endpoints", "services.loadbalancers", "services.nodeports"},
        ),
    ],
)
def test_objects_are_counted_under_their_quota_names(item, counted):
    assert taken(item) == dict.fromkeys(counted, Decimal(1))


def test_a_service_takes_one_node_port_for_each_port():
    ports = [{"port": 80}, {"port": 443}]
    assert taken(manifest("Service", {"type": "NodePort", "ports": ports}))["services.nodeports"] == 2


def test_one_namespace_gets_the_whole_quota_as_it_is_written():
    assert shares({"limits.cpu": "20", "limits.memory": "40Gi"}, ["default"], []) == {
        "default": {"limits.cpu": "20", "limits.memory": "40Gi"}
    }


def test_namespaces_get_what_they_need_and_an_equal_part_of_the_rest():
    parts = demand([deployment(4, namespace="shop"), deployment(1, namespace="db")], BARE)
    split = shares({"pods": "20"}, ["default", "db", "shop"], parts)
    assert split == {"default": {"pods": "5"}, "db": {"pods": "6"}, "shop": {"pods": "9"}}


@pytest.mark.parametrize(
    ("quota", "count"),
    [({"limits.cpu": "20"}, 3), ({"requests.memory": "20Gi"}, 7), ({"pods": "20"}, 6), ({"cpu": "1"}, 3)],
)
def test_shares_add_up_to_the_total(quota, count):
    namespaces = [f"n{number}" for number in range(count)]
    parts = demand([deployment(2, {"cpu": "70m", "memory": "100M"}, namespace="n1")], BARE)
    split = shares(quota, namespaces, parts)
    [(resource, total)] = quota.items()
    assert sum(parse_quantity(each[resource]) for each in split.values()) == parse_quantity(total)


def test_more_than_the_total_is_refused_with_the_arithmetic():
    parts = demand([deployment(13, name="web"), deployment(8, name="db"), manifest("ConfigMap")], BARE)
    with pytest.raises(SpecError) as caught:
        shares({"pods": "20", "configmaps": "5"}, ["default"], parts)
    assert caught.value.message.splitlines()[1:] == ["  pods: Deployment web 13 + Deployment db 8 = 21 > 20"]
    assert "isolation.quota" in caught.value.hint


def test_excess_through_default_limits_names_quantities():
    parts = demand([deployment(21)], POLICY)
    with pytest.raises(SpecError, match=r"limits.cpu: Deployment a 21 = 21 > 20"):
        shares(POLICY.quota, ["default"], parts)


def test_aliases_of_a_resource_are_the_same():
    parts = demand([deployment(3, {"cpu": "1"})], BARE)
    with pytest.raises(SpecError, match="cpu: Deployment a 3 = 3 > 2"):
        shares({"cpu": "2"}, ["default"], parts)


def test_kubernetes_own_objects_are_counted():
    assert standing_demand("default").amounts["services"] == 1
    assert standing_demand("shop").amounts == {"configmaps": 1, "count/configmaps": 1}


BALANCER = {"type": "LoadBalancer", "ports": [{"port": 80}]}


@pytest.mark.parametrize(
    ("item", "allocates"),
    [
        (manifest("Service", BALANCER), False),
        (manifest("Service", {**BALANCER, "allocateLoadBalancerNodePorts": True}), True),
        (manifest("Service", {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]}), None),
        (manifest("Service", {"type": "NodePort", "ports": [{"port": 80}]}), None),
        (manifest("Service", BALANCER, "serving.knative.dev/v1"), None),
    ],
)
def test_load_balancers_get_no_node_ports_by_default(item, allocates):
    [adapted] = without_node_ports([item], POLICY)
    assert adapted.object["spec"].get("allocateLoadBalancerNodePorts") is allocates
    assert without_node_ports([item], BARE) == [item]
    if allocates is False:
        assert "services.nodeports" not in taken(adapted)


def test_namespaces_are_those_brought_and_those_used():
    items = [
        manifest("Namespace", name="made"),
        manifest("ConfigMap", namespace="used"),
        manifest("ConfigMap", namespace="kube-system"),
        Manifest(object=manifest("ConfigMap").object, origin="chart", namespace="released"),
    ]
    assert namespaces_of(items) == ["default", "made", "released", "used"]
    assert namespaces_of([]) == ["default"]
    missing = without_namespace(items, ["default", "kube-system", "used"])
    assert [each.object["metadata"]["name"] for each in missing] == ["released"]


def test_objects_of_a_namespace():
    objects = isolation_objects(POLICY, ["default", "shop"], [])
    assert [(each["kind"], each["metadata"]["namespace"]) for each in objects] == [
        (kind, namespace)
        for namespace in ("default", "shop")
        for kind in ("ResourceQuota", "LimitRange", "NetworkPolicy")
    ]
    assert {each["metadata"]["name"] for each in objects} == {"ephemeral"}
    assert {each["metadata"]["labels"]["app.kubernetes.io/managed-by"] for each in objects} == {"ephemeral"}
    [limits] = objects[1]["spec"]["limits"]
    assert limits["default"]["cpu"] == "1"
    assert limits["defaultRequest"]["memory"] == "128Mi"


def test_no_policy_no_objects():
    assert isolation_objects(BARE, ["default"], []) == []


def rules(policy):
    [policy] = [each for each in isolation_objects(policy, ["default"], []) if each["kind"] == "NetworkPolicy"]
    return policy["spec"]


def test_network_is_open_inside_and_to_public_addresses():
    spec = rules(POLICY)
    assert spec["ingress"] == [{"from": [{"namespaceSelector": {}}]}]
    inside, public = spec["egress"][0]["to"]
    assert inside == {"namespaceSelector": {}}
    assert public["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"} <= set(public["ipBlock"]["except"])
    assert {each["port"] for each in spec["egress"][1]["ports"]} == {53}


def test_network_as_the_user_wants_it():
    network = Network(public_egress=False, allow_egress=("10.1.0.0/16",), allow_ingress=("10.2.0.0/16",))
    spec = rules(resolve(Isolation(network=network)))
    assert spec["egress"][0]["to"] == [{"namespaceSelector": {}}, {"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert spec["ingress"][0]["from"][1:] == [{"ipBlock": {"cidr": "10.2.0.0/16"}}]


def test_network_rules_alone_can_be_left_out():
    kinds = {each["kind"] for each in isolation_objects(replace(POLICY, network=False), ["default"], [])}
    assert kinds == {"ResourceQuota", "LimitRange"}
