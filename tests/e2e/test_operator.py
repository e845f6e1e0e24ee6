"""An operator as it is shipped: definitions, webhooks, RBAC and resources of its own kind in one folder."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.errors import ApplyError
from ephemeral.kube.objects import Manifest
from ephemeral.kube.transport import ApiError
from ephemeral.spec.model import Cluster, Ready, Source, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.e2e.objects import config_map, deployment, namespace, service

pytestmark = pytest.mark.cluster

GROUP = "example.com"
VERSION = f"{GROUP}/v1"


def definition(kind: str) -> dict[str, Any]:
    size = {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": size}}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def custom(kind: str, name: str, size: int = 1) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": VERSION, "kind": kind, "metadata": metadata, "spec": {"size": size}}


def webhook(plural: str, to: str, policy: str) -> dict[str, Any]:
    """A validating webhook for one kind, answered by Service operators/``to``."""
    rule = {"apiGroups": [GROUP], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [plural]}
    hook = {
        "name": f"{plural}.check.{GROUP}",
        "rules": [rule],
        "clientConfig": {"service": {"name": to, "namespace": "operators", "path": "/validate"}},
        "failurePolicy": policy,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"{plural}-check"},
        "webhooks": [hook],
    }


def rbac() -> list[dict[str, Any]]:
    version, group = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "operator", "namespace": "operators"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "operator", "namespace": "operators"}},
        {
            "apiVersion": version,
            "kind": "ClusterRole",
            "metadata": {"name": "operator"},
            "rules": [{"apiGroups": [GROUP], "resources": ["widgets"], "verbs": ["get", "list", "watch"]}],
        },
        {
            "apiVersion": version,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "operator"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "operator"},
            "subjects": [subject],
        },
    ]


def operator() -> list[dict[str, Any]]:
    controller = deployment("operator", namespace="operators")
    controller["spec"]["template"]["spec"]["serviceAccountName"] = "operator"
    return [
        namespace("operators"),
        definition("Widget"),
        custom("Widget", "first"),
        # Its Service has an endpoint, where nobody listens: the pod is simulated.
        webhook("widgets", to="operator", policy="Ignore"),
        service("operator", namespace="operators"),
        controller,
        *rbac(),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator, one object a file, in an order that differs each time."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    objects = operator()
    random.Random(seed).shuffle(objects)
    folder = tmp_path_factory.mktemp("operator")
    for number, item in enumerate(objects):
        (folder / f"{number:02}-{item['kind'].lower()}.json").write_text(json.dumps(item))
    return folder


@pytest.fixture(scope="module")
def env(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    app = (Source(manifests=(str(folder),)),)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(Spec(name="operator", cluster=Cluster(nodes="simulated"), app=app)) as environment:
            yield environment


def deploy(env: Environment, *objects: dict[str, Any]) -> None:
    env.deploy([Manifest(object=item, origin=f"app.yaml:{line}") for line, item in enumerate(objects, start=1)])


def may(env: Environment, verb: str, resource: str) -> bool:
    """Whether the operator's ServiceAccount may do that in `default`."""
    asked = {"group": GROUP, "resource": resource, "verb": verb, "namespace": "default"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "system:serviceaccount:operators:operator", "resourceAttributes": asked},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(env.kube.transport.request("POST", path, body=review).json()["status"]["allowed"])


def test_an_operator_in_any_order_is_there_as_a_whole(env: Environment) -> None:
    assert env.workloads() == {"Deployment operators/operator": "1/1 ready"}
    [widget] = env.kube.list(VERSION, "Widget")
    assert (widget["metadata"]["name"], widget["spec"]) == ("first", {"size": 1})
    [hooks] = env.kube.list("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
    assert hooks["webhooks"][0]["failurePolicy"] == "Ignore"
    assert may(env, "list", "widgets")
    assert not may(env, "delete", "widgets")


def test_deploying_it_again_changes_nothing(env: Environment) -> None:
    def generations() -> dict[str, tuple[str, int]]:
        """What grows with every change of what was asked for, and never with a status."""
        found = [
            env.kube.get("apps/v1", "Deployment", "operator", "operators"),
            env.kube.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{GROUP}"),
            env.kube.get(VERSION, "Widget", "first", "default"),
            env.kube.get("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "widgets-check"),
        ]
        return {each["kind"]: (each["metadata"]["uid"], each["metadata"]["generation"]) for each in found if each}

    before = generations()
    assert len(before) == 4
    env.deploy()
    assert generations() == before


def test_two_hundred_objects_in_one_go(env: Environment) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []}
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"key": "value"}}
    objects = [
        *(config_map(f"many-{number}", key="value") for number in range(60)),
        *({**secret, "metadata": {"name": f"many-{number}", "namespace": "default"}} for number in range(60)),
        *({**role, "metadata": {"name": f"many-{number}", "namespace": "default"}} for number in range(50)),
        *(service(f"many-{number}") for number in range(10)),
        *(deployment(f"many-{number}") for number in range(5)),
        definition("Gadget"),
        *(custom("Gadget", f"many-{number}") for number in range(14)),
    ]
    assert len(objects) == 200
    random.shuffle(objects)
    began = time.monotonic()
    deploy(env, *objects)
    print(f"200 objects: {time.monotonic() - began:.1f} s")
    assert len(env.kube.list(VERSION, "Gadget")) == 14
    for kind, count in (("ConfigMap", 60), ("Secret", 60), ("Service", 10)):
        found = [each["metadata"]["name"] for each in env.kube.list("v1", kind, namespace="default")]
        assert len([name for name in found if name.startswith("many-")]) == count
    ready = [name for name, state in env.workloads().items() if "many-" in name and state == "1/1 ready"]
    assert len(ready) == 5


def test_a_new_kind_does_not_suspend_the_quota(env: Environment) -> None:
    # The quota controller stops counting for a while when kinds come or go.
    deploy(env, definition("Late"), namespace("fresh"), config_map("inside", "fresh"))
    quota = env.kube.get("v1", "ResourceQuota", "ephemeral", "fresh")
    assert quota
    share = int(quota["spec"]["hard"]["services"])
    assert 0 < share < 20
    for number in range(share):
        env.kube.apply(service(f"more-{number}", namespace="fresh"))
    with pytest.raises(ApiError, match=f"exceeded quota: ephemeral, requested: services=1, used: services={share}"):
        env.kube.apply(service("one-too-many", namespace="fresh"))


def test_a_resource_whose_definition_is_missing(env: Environment) -> None:
    with pytest.raises(ApplyError) as refusal:
        deploy(env, config_map("beside"), custom("Gizmo", "lost"))
    assert "Gizmo default/lost (app.yaml:2)" in str(refusal.value)
    assert f"nothing here serves kind Gizmo of {VERSION}" in str(refusal.value)
    assert "add the CRD that defines Gizmo" in str(refusal.value.hint)
    assert env.kube.get("v1", "ConfigMap", "beside", "default") is None


def test_a_value_that_the_definition_forbids(env: Environment) -> None:
    with pytest.raises(ApplyError, match=r"Widget default/big .*spec\.size.*should be less than or equal to 5"):
        deploy(env, custom("Widget", "big", size=6))


def test_a_field_that_can_not_change(env: Environment) -> None:
    deploy(env, deployment("fixed"))
    changed = deployment("fixed")
    changed["spec"]["selector"]["matchLabels"] = {"app": "other"}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(ApplyError, match=r"Deployment default/fixed .*spec\.selector.*field is immutable") as refusal:
        deploy(env, changed)
    assert "delete the object, or give it another name" in str(refusal.value.hint)


def test_a_webhook_that_nobody_answers_is_named(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(env, definition("Guarded"), webhook("guardeds", to="nobody", policy="Fail"))

    def in_force() -> None:
        """The API server learns of a new webhook a moment after it was stored."""
        try:
            env.kube.apply(custom("Guarded", "probe"))
        except ApiError:
            return
        raise NotYet("not asked yet")

    wait_until(in_force, deadline=Deadline(30), what="webhook in force")
    monkeypatch.setattr(env, "spec", replace(env.spec, ready=Ready(timeout="2s")))
    with pytest.raises(ApplyError) as refusal:
        deploy(env, custom("Guarded", "one"))
    assert "Guarded default/one (app.yaml:1)" in str(refusal.value)
    assert f'failed calling webhook "guardeds.check.{GROUP}"' in str(refusal.value)
    assert 'service "nobody" not found' in str(refusal.value)
    assert "no pod answers this webhook" in str(refusal.value.hint)
