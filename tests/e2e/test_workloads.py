"""What applications are made of, on real nodes: DNS, Services, volumes, jobs, exec and port-forward."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from ephemeral.clusters.local.real.storage import PROVISIONER
from ephemeral.environment import Environment
from ephemeral.errors import ApplyError
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Cluster, Isolation, Spec
from ephemeral.tools import require
from tests.images import AGNHOST, BUSYBOX, agnhost_image, busybox_image

pytestmark = pytest.mark.cluster

ANY_NODE = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "Exists"}]}]}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One environment for all: with NodePorts allowed, agnhost and busybox on the node, and a server."""
    spec = Spec(
        name="workloads",
        cluster=Cluster(nodes="real"),
        isolation=Isolation(quota={"services.nodeports": "2"}),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(spec) as environment:
            environment.load_image(agnhost_image())
            environment.load_image(busybox_image())
            deploy(environment, server("web"), service("web"), service("web-port", app="web", type="NodePort"))
            yield environment


@pytest.fixture(autouse=True)
def _same_state(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(env.kubeconfig.parents[2]))


def deploy(env: Environment, *items: dict[str, Any]) -> None:
    env.deploy([Manifest(object=item, origin="test") for item in items])


def server(name: str) -> dict[str, Any]:
    container = {"name": "main", "image": AGNHOST, "args": ["netexec", "--http-port=8080", "--udp-port=8081"]}
    return workload("apps/v1", "Deployment", name, container, replicas=2)


def workload(api: str, kind: str, name: str, container: dict[str, Any], pod: Any = None, **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1, **(pod or {})},
    }
    selector = {} if kind == "Job" else {"selector": {"matchLabels": {"app": name}}}
    return {
        "apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": {**selector, "template": template, **spec},
    }  # fmt: skip


def service(name: str, app: str = "", **spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080}]
    body = {"selector": {"app": app or name}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


def kubectl(env: Environment, *words: str, check: bool = True) -> str:
    finished = subprocess.run(
        [require(["kubectl"])["kubectl"], f"--kubeconfig={env.kubeconfig}", *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if check and finished.returncode != 0:
        pytest.fail(f"kubectl {' '.join(words)}\n{finished.stdout}\n{finished.stderr}")
    return finished.stdout.strip()


def in_pod(env: Environment, *words: str, check: bool = True) -> str:
    return kubectl(env, "exec", "deploy/web", "--", *words, check=check)


@pytest.mark.parametrize("name", ["web", "web.default", "web.default.svc.cluster.local", "kubernetes.default.svc"])
def test_names_of_services_are_resolved(env: Environment, name: str) -> None:
    port = "443" if name.startswith("kubernetes") else "80"
    in_pod(env, "/agnhost", "connect", f"{name}:{port}", "--timeout=5s")


def test_a_name_that_nobody_has_is_refused_and_not_waited_for(env: Environment) -> None:
    out = kubectl(
        env, "exec", "deploy/web", "--", "/agnhost", "connect", "no-such.default.svc:80", "--timeout=20s", check=False
    )
    assert "TIMEOUT" not in out


def test_a_service_reaches_all_its_pods_from_inside_and_outside(env: Environment) -> None:
    pods = set(kubectl(env, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}").split())
    url = env.url("web", path="/hostname")
    from_outside = {curl(url) for _ in range(40)}
    from_inside = {in_pod(env, "wget", "-qO-", url) for _ in range(20)}
    assert from_outside == pods
    assert from_inside == pods


def test_node_ports_answer_from_the_machine_when_the_quota_allows_them(env: Environment) -> None:
    found = json.loads(kubectl(env, "get", "service", "web-port", "-o", "json"))
    node = kubectl(env, "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
    assert curl(f"http://{node}:{found['spec']['ports'][0]['nodePort']}/hostname").startswith("web-")


def curl(url: str) -> str:
    return subprocess.run(["curl", "-sSf", "-m", "10", url], capture_output=True, text=True, check=True).stdout.strip()


def test_data_of_a_volume_survive_their_pod(env: Environment) -> None:
    script = "cat /data/seen 2>/dev/null; echo $HOSTNAME >> /data/seen; id -u; exec sleep 3600"
    container = {
        "name": "main", "image": BUSYBOX, "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "securityContext": {"runAsUser": 1234, "runAsNonRoot": True},
    }  # fmt: skip
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}},
    }
    deploy(
        env,
        workload("apps/v1", "StatefulSet", "store", container, serviceName="store", volumeClaimTemplates=[claim]),
    )
    assert kubectl(env, "logs", "store-0") == "1234"
    before = kubectl(env, "get", "pod", "store-0", "-o", "jsonpath={.metadata.uid}")
    kubectl(env, "delete", "pod", "store-0")
    kubectl(env, "rollout", "status", "statefulset/store", "--timeout=55s")
    assert kubectl(env, "get", "pod", "store-0", "-o", "jsonpath={.metadata.uid}") != before
    assert kubectl(env, "exec", "store-0", "--", "cat", "/data/seen") == "store-0\nstore-0"


@pytest.mark.parametrize(
    ("kind", "group", "rest"),
    [
        ("PersistentVolume", "v1", {"spec": {"hostPath": {"path": "/etc"}}}),
        ("PersistentVolume", "v1", {"spec": {"local": {"path": "/etc"}, "nodeAffinity": {"required": ANY_NODE}}}),
        ("StorageClass", "storage.k8s.io/v1", {"provisioner": PROVISIONER, "parameters": {"pathPattern": "../../etc"}}),
    ],
    ids=["hostPath", "local", "pathPattern"],
)
def test_volumes_are_no_way_around_pod_security(env: Environment, kind: str, group: str, rest: dict[str, Any]) -> None:
    if kind == "PersistentVolume":
        rest = {"spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], **rest["spec"]}}
    item = {"apiVersion": group, "kind": kind, "metadata": {"name": "around"}, **rest}
    with pytest.raises(ApplyError, match="violates Pod Security baseline"):
        deploy(env, item)
    assert env.kube.get(group, kind, "around") is None


def test_config_secrets_and_token_reach_the_pod_after_its_init_container(env: Environment) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "blue"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"password": "s3cret"}}
    script = (
        "cat /config/colour /secret/password /shared/made; test -s /var/run/secrets/kubernetes.io/serviceaccount/token"
    )
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("config", "secret", "shared")]
    pod = {
        "restartPolicy": "Never",
        "initContainers": [
            {"name": "first", "image": BUSYBOX, "command": ["sh", "-c", "echo -n made > /shared/made"],
             "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": "settings"}},
            {"name": "secret", "secret": {"secretName": "key"}},
            {"name": "shared", "emptyDir": {}},
        ],
    }  # fmt: skip
    container = {"name": "main", "image": BUSYBOX, "command": ["sh", "-c", script], "volumeMounts": mounts}
    deploy(env, config, secret, workload("batch/v1", "Job", "reader", container, pod))
    assert kubectl(env, "logs", "job/reader") == "blues3cretmade"


def test_a_daemon_set_is_ready_on_the_node(env: Environment) -> None:
    deploy(env, workload("apps/v1", "DaemonSet", "everywhere", {"name": "main", "image": AGNHOST, "args": ["pause"]}))
    assert env.workloads()["DaemonSet default/everywhere"] == "1/1 ready"


def test_exec_gives_output_and_exit_code(env: Environment) -> None:
    assert in_pod(env, "sh", "-c", "echo out; exit 0") == "out"
    program = [require(["kubectl"])["kubectl"], f"--kubeconfig={env.kubeconfig}", "exec", "deploy/web", "--"]
    assert (
        subprocess.run([*program, "sh", "-c", "exit 7"], capture_output=True, timeout=30, check=False).returncode == 7
    )


def test_port_forward_carries_requests(env: Environment) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kubectl_program = require(["kubectl"])["kubectl"]
    process = subprocess.Popen(
        [kubectl_program, f"--kubeconfig={env.kubeconfig}", "port-forward", "service/web", f"{port}:80"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert "Forwarding from" in process.stdout.readline()
        assert curl(f"http://127.0.0.1:{port}/hostname").startswith("web-")
    finally:
        process.kill()
        process.communicate()


def test_images_are_found_by_the_names_they_were_loaded_under(env: Environment, tmp_path: Path) -> None:
    names = env.load_image(busybox_image(), "example.com/own/name:2")
    assert names == ("example.com/own/name:2",)
    job = workload(
        "batch/v1", "Job", "named", {"name": "main", "image": names[0], "command": ["true"]}, {"restartPolicy": "Never"}
    )
    deploy(env, job)
