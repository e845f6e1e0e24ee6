"""Three ways to give a run a place of its own: ``python -m bench.tenancy [--rounds 3] [--output DIR]``.

On one host, interleaved: a namespace with an account that may do anything in it, a virtual cluster in a namespace
(provider `vcluster`, preset `isolated`), and a control plane and node of its own (provider `local`). Two of each are
made in each round, one after the other, and are asked what they may have for themselves:

* ready: seconds until pods can be created there
* gone: seconds until nothing is left
* memory-bytes: what each takes by itself

and, as yes or no, whether two of them can both have it: a namespace, a CRD's version, a cluster role, an admission
rule, all by the same name, without the other seeing or feeling it.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from bench.contenders import Figures
from bench.nodes import memory_of
from bench.startup import machine, medians_of, spell
from bench.vcluster import host_with_images, settled_usage
from ephemeral import Environment, up
from ephemeral.errors import EphemeralError
from ephemeral.kube.client import Kube, connect
from ephemeral.kube.objects import Object
from ephemeral.spec.model import Chart, Cluster, Host, Isolation, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import programs

_NAMES = ("one", "two")
_LIMIT_SECONDS = 60.0
_MATRIX: dict[str, Callable[[Kube, Kube], bool]] = {}

Place = tuple[Kube, Callable[[], None], Callable[[], float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    with host_with_images() as (host, folder):
        makers: dict[str, Callable[[str], Place]] = {
            "namespace": lambda name: namespace(host, name, folder),
            "vcluster": lambda name: virtual_cluster(host, name),
            "own-cluster": own_cluster,
        }
        rounds: dict[str, list[Figures]] = {title: [] for title in makers}
        matrix: dict[str, dict[str, bool]] = {}
        for number in range(options.rounds):
            for title, make in makers.items():
                figures, matrix[title] = measure(make)
                rounds[title].append(figures)
                print(f"round {number + 1}  {title:12} {spell(figures)}", flush=True)
    medians = {title: medians_of(figures) for title, figures in rounds.items()}
    print("\nmedians")
    for title, figures in medians.items():
        print(f"  {title:12} {spell(figures)}")
    print("\n" + " " * 44 + "  ".join(f"{title:>12}" for title in medians))
    for what in next(iter(matrix.values())):
        print(f"  {what:42}" + "  ".join(f"{'yes' if matrix[title][what] else 'no':>12}" for title in medians))
    options.output.mkdir(parents=True, exist_ok=True)
    body = {"machine": {"cores": os.cpu_count(), **machine()}, "medians": medians, "matrix": matrix, "rounds": rounds}
    (options.output / "tenancy.json").write_text(json.dumps(body, indent=2))


def measure(make: Callable[[str], Place]) -> tuple[Figures, dict[str, bool]]:
    """Make two, compare them, remove them; figures are the first one's, which had the host for itself."""
    begin = time.monotonic()
    one, remove_one, weigh = make(_NAMES[0])
    ready = time.monotonic() - begin
    weight = weigh()
    two, remove_two, _ = make(_NAMES[1])
    found = {what: may_have(one, two) for what, may_have in _MATRIX.items()}
    remove_two()
    begin = time.monotonic()
    remove_one()
    return {"ready": ready, "gone": time.monotonic() - begin, "memory-bytes": weight}, found


def namespace(host: Environment, name: str, folder: Path) -> Place:
    """A namespace of the host and a ServiceAccount with the ClusterRole `admin` in it."""
    kube = host.kube
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tenant", "namespace": name}})
    group = "rbac.authorization.k8s.io"
    kube.apply(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "tenant", "namespace": name},
            "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": name}],
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "admin"},
        }
    )
    path = f"/api/v1/namespaces/{name}/serviceaccounts/tenant/token"
    token = kube.transport.request("POST", path, body={"spec": {}}).json()["status"]["token"]
    config = json.loads(host.kubeconfig.read_text())
    config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
    file = folder / f"{name}.kubeconfig"
    file.write_text(json.dumps(config))

    def expect_account() -> None:
        if kube.get("v1", "ServiceAccount", "default", name) is None:
            raise NotYet("no default ServiceAccount")

    def expect_gone() -> None:
        if kube.get("v1", "Namespace", name):
            raise NotYet("still there")

    def remove() -> None:
        kube.delete("v1", "Namespace", name)
        wait_until(expect_gone, deadline=Deadline(_LIMIT_SECONDS), what="end", interval=0.05, max_interval=0.05)

    wait_until(expect_account, deadline=Deadline(_LIMIT_SECONDS), what="account", interval=0.02, max_interval=0.02)
    return connect(file), remove, lambda: 0.0


def virtual_cluster(host: Environment, name: str) -> Place:
    """What `ephemeral up` makes on the host."""
    place = Host(kubeconfig=str(host.kubeconfig), chart=Chart(source=str(programs.vcluster() / "chart")))
    made = up(Spec(name=name, cluster=Cluster(provider="vcluster", host=place)))
    return made.kube, made.down, lambda: float(settled_usage(host.kube, f"ephemeral-{name}").memory_bytes)


def own_cluster(name: str) -> Place:
    """A control plane and a node as processes of this machine."""
    made = up(Spec(name=name, cluster=Cluster(), isolation=Isolation()))
    return made.kube, made.down, lambda: memory_of(name)["pss-bytes"]


def _asked(what: str) -> Callable[[Callable[[Kube, Kube], bool]], Callable[[Kube, Kube], bool]]:
    def register(function: Callable[[Kube, Kube], bool]) -> Callable[[Kube, Kube], bool]:
        _MATRIX[what] = function
        return function

    return register


@_asked("its own namespace `payments`")
def _own_namespace(one: Kube, two: Kube) -> bool:
    return _both(one, two, lambda tenant: _labelled("v1", "Namespace", "payments", tenant))


@_asked("its own cluster role `reader`")
def _own_role(one: Kube, two: Kube) -> bool:
    return _both(one, two, lambda tenant: _labelled("rbac.authorization.k8s.io/v1", "ClusterRole", "reader", tenant))


@_asked("its own version of a CRD")
def _own_version(one: Kube, two: Kube) -> bool:
    def crd(tenant: str) -> Object:
        schema = {"openAPIV3Schema": {"type": "object"}}
        version = {"name": {"one": "v1", "two": "v2"}[tenant], "served": True, "storage": True, "schema": schema}
        names = {"plural": "orders", "singular": "order", "kind": "Order"}
        spec = {"group": "bench.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
        item = _labelled("apiextensions.k8s.io/v1", "CustomResourceDefinition", "orders.bench.example.com", tenant)
        return {**item, "spec": spec}

    return _both(one, two, crd)


@_asked("its own admission rule, which nobody else feels")
def _own_admission(one: Kube, two: Kube) -> bool:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    nowhere = {"url": "https://127.0.0.1:1/", "caBundle": ""}
    webhook = {
        "name": "no.bench.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": nowhere, "rules": [rule], "objectSelector": {"matchLabels": {"bench": "refused"}},
        "timeoutSeconds": 1,
    }  # fmt: skip
    item = _labelled("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "no", "one")
    try:
        one.apply({**item, "webhooks": [webhook]})
    except EphemeralError:
        return False
    return _takes_refused(two)


def _takes_refused(kube: Kube) -> bool:
    metadata = {"name": "refused", "namespace": "default", "labels": {"bench": "refused"}}
    try:
        kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    except EphemeralError:
        return False
    return True


def _both(one: Kube, two: Kube, item: Callable[[str], Object]) -> bool:
    """Whether each has its own after both have made it."""
    try:
        for kube, tenant in ((one, "one"), (two, "two")):
            kube.apply(item(tenant))
        wanted = item("one")
        found = one.get(wanted["apiVersion"], wanted["kind"], wanted["metadata"]["name"])
    except EphemeralError:
        return False
    return found is not None and found["metadata"]["labels"]["tenant"] == "one"


def _labelled(version: str, kind: str, name: str, tenant: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": {"tenant": tenant}}}


if __name__ == "__main__":
    main()
