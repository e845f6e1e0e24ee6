"""Server-side apply against a real API server."""

import base64
import json
import random
import socket

import pytest

from ephemeral.errors import ApplyError, WorkloadError
from ephemeral.kube import apply_all, wait_ready
from ephemeral.kube.objects import Manifest
from ephemeral.kube.transport import ApiError
from ephemeral.progress import Silent
from ephemeral.waiting import Deadline, NotYet, wait_until

pytestmark = pytest.mark.cluster


def a_definition(kind, group, *, scope="Namespaced"):
    size = {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}}
    schema = {"type": "object", "properties": {"spec": size}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    plural = f"{kind.lower()}s"
    spec = {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural}, "versions": [version]}
    item = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": spec,
    }
    return Manifest(object=item, origin="crd.yaml:1")


@pytest.fixture
def group(kube, namespace):
    """An API group of the test's own; its definitions are removed."""
    name = f"{namespace}.dev"
    yield name
    for each in kube.list("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        if each["spec"]["group"] == name:
            kube.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", each["metadata"]["name"])


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_namespace_definition_and_resource(kube, group, deadline, seed):
    inside = {"namespace": f"{group[:-4]}-made"}
    items = [
        Manifest(
            object={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inside["namespace"]}}, origin="a"
        ),
        a_definition("Widget", group),
        a_definition("Planet", group, scope="Cluster"),
        *(
            Manifest(object={"apiVersion": version, "kind": kind, "metadata": {"name": "a", **inside}}, origin="b")
            for version, kind in (
                (f"{group}/v1", "Widget"),
                (f"{group}/v1", "Planet"),
                ("v1", "ConfigMap"),
                ("v1", "ServiceAccount"),
            )
        ),
    ]
    random.Random(seed).shuffle(items)
    try:
        applied = apply_all(kube, items, deadline=deadline)
    finally:
        kube.delete("v1", "Namespace", inside["namespace"])
    assert [each["kind"] for each in applied] == [each.object["kind"] for each in items]
    assert all(each["metadata"]["uid"] for each in applied)


def test_many_objects_in_one_go(kube, manifest, deployment, deadline, namespace):
    items = [manifest("ConfigMap", f"c{number}", data={"a": "b"}) for number in range(90)]
    items += [manifest("Service", f"s{number}", spec={"ports": [{"port": 80}]}) for number in range(80)]
    items += [deployment(f"d{number}") for number in range(30)]
    applied = apply_all(kube, items, deadline=deadline)
    wait_ready(kube, applied, deadline=deadline)
    assert len(applied) == 200
    live = kube.list("apps/v1", "Deployment", namespace=namespace)
    assert [each["status"]["availableReplicas"] for each in live] == [1] * 30


def test_applying_again_changes_nothing_and_drops_what_is_no_longer_asked_for(kube, manifest, deadline):
    [first] = apply_all(kube, [manifest("ConfigMap", data={"a": "1", "b": "2"})], deadline=deadline)
    [again] = apply_all(kube, [manifest("ConfigMap", data={"a": "1", "b": "2"})], deadline=deadline)
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    [less] = apply_all(kube, [manifest("ConfigMap", data={"a": "1"})], deadline=deadline)
    assert less["data"] == {"a": "1"}


def test_fields_of_other_managers_are_taken_over(kube, manifest, namespace, deadline):
    path = f"/api/v1/namespaces/{namespace}/configmaps/web"
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "theirs"}}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    kube.transport.request("PATCH", path, query={"fieldManager": "somebody"}, headers=headers, body=other)
    [applied] = apply_all(kube, [manifest("ConfigMap", data={"a": "ours"})], deadline=deadline)
    assert applied["data"] == {"a": "ours"}


def test_generated_names_make_a_new_object_each_time(kube, manifest, namespace, deadline):
    item = manifest("ConfigMap")
    item.object["metadata"] = {"generateName": "run-", "namespace": namespace}
    names = {apply_all(kube, [item], deadline=deadline)[0]["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2


def test_pod_and_quota_of_a_brand_new_namespace(kube, namespace, deadline):
    fresh = f"{namespace}-fresh"
    place = {"namespace": fresh}
    items = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fresh}},
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q", **place},
            "spec": {"hard": {"configmaps": "50", "pods": "5"}},
        },
        *(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", **place}}
            for number in range(20)
        ),
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", **place},
            "spec": {"containers": [{"name": "main", "image": "a"}]},
        },
    ]
    try:
        applied = apply_all(kube, [Manifest(object=each, origin="a") for each in items], deadline=deadline)
        wait_ready(kube, applied, deadline=deadline)
    finally:
        kube.delete("v1", "Namespace", fresh)
    assert len(applied) == 23


def test_unknown_kind_is_refused_before_anything_is_sent(kube, manifest, namespace, deadline):
    items = [manifest("ConfigMap"), manifest("Deploymnet", api_version="apps/v1", origin="web.yaml:4")]
    with pytest.raises(ApplyError, match=rf"Deploymnet {namespace}/web \(web.yaml:4\)") as caught:
        apply_all(kube, items, deadline=deadline)
    assert "did you mean Deployment" in caught.value.hint
    assert kube.get("v1", "ConfigMap", "web", namespace) is None


def test_custom_resource_without_definition(kube, manifest, deadline):
    with pytest.raises(ApplyError, match=r"nothing here serves kind Widget of acme\.dev/v1") as caught:
        apply_all(kube, [manifest("Widget", api_version="acme.dev/v1")], deadline=deadline)
    assert "add the CRD" in caught.value.hint


def test_definition_whose_names_are_taken(kube, group, deadline):
    apply_all(kube, [a_definition("Widget", group)], deadline=deadline)
    other = a_definition("Widget", group)
    other.object["metadata"]["name"] = f"others.{group}"
    other.object["spec"]["names"]["plural"] = "others"
    with pytest.raises(WorkloadError, match=r"CustomResourceDefinition others.*(KindConflict|ListKindConflict)"):
        apply_all(kube, [other], deadline=deadline)


def test_immutable_field(kube, deployment, namespace, deadline):
    first, second = deployment(), deployment()
    labels = {"app": "other"}
    second.object["spec"]["selector"]["matchLabels"] = labels
    second.object["spec"]["template"]["metadata"]["labels"] = labels
    apply_all(kube, [first], deadline=deadline)
    with pytest.raises(ApplyError, match=rf"Deployment {namespace}/web .test.yaml:1.*field is immutable") as caught:
        apply_all(kube, [second], deadline=deadline)
    assert "delete the object" in caught.value.hint


def test_cluster_ip_can_not_change(kube, manifest, deadline):
    headless = manifest("Service", spec={"clusterIP": "None", "ports": [{"port": 80}]})
    apply_all(kube, [manifest("Service", spec={"ports": [{"port": 80}]})], deadline=deadline)
    with pytest.raises(ApplyError, match="may not change once set") as caught:
        apply_all(kube, [headless], deadline=deadline)
    assert "delete the object" in caught.value.hint


def test_mistyped_field(kube, deployment, deadline):
    item = deployment()
    item.object["spec"]["replica"] = 3
    with pytest.raises(ApplyError, match=r"spec\.replica: field not declared") as caught:
        apply_all(kube, [item], deadline=deadline)
    assert "spelled" in caught.value.hint


def test_wrong_value_of_a_secret_is_not_shown(kube, manifest, deadline):
    with pytest.raises(ApplyError, match=r"stringData\.pin: expected string, got") as caught:
        apply_all(kube, [manifest("Secret", stringData={"pin": 471100})], deadline=deadline)
    assert "471100" not in caught.value.message


def test_all_refusals_of_a_stage_and_only_those(kube, manifest, namespace, deadline):
    items = [
        manifest("ConfigMap", "good"),
        manifest("ConfigMap", "Bad_Name", origin="a.yaml:1"),
        manifest("ConfigMap", "worse", data={"a b": "c"}, origin="b.yaml:1"),
    ]
    with pytest.raises(ApplyError, match="2 objects were refused") as caught:
        apply_all(kube, items, deadline=deadline)
    assert "a.yaml:1" in caught.value.message
    assert "b.yaml:1" in caught.value.message
    assert kube.get("v1", "ConfigMap", "good", namespace) is not None


def test_namespace_that_nobody_made(kube, manifest, deadline):
    with pytest.raises(ApplyError, match='namespaces "nowhere" not found') as caught:
        apply_all(kube, [manifest("ConfigMap", metadata={"namespace": "nowhere"})], deadline=deadline)
    assert "add a Namespace object" in caught.value.hint


def test_quota_refusal(kube, manifest, namespace, deadline):
    # Kubernetes' own kube-root-ca.crt is the second one.
    apply_all(kube, [manifest("ResourceQuota", "q", spec={"hard": {"configmaps": "2"}})], deadline=deadline)

    def counted():
        quota = kube.get("v1", "ResourceQuota", "q", namespace)
        if quota.get("status", {}).get("used", {}).get("configmaps") != "1":
            raise NotYet(str(quota))

    wait_until(counted, deadline=deadline, what="quota counted")
    with pytest.raises(ApplyError, match="exceeded quota: q") as caught:
        apply_all(kube, [manifest("ConfigMap", name) for name in "abc"], deadline=deadline)
    assert "isolation.quota" in caught.value.hint


class Webhook:
    """Denies objects whose name starts with ``bad``."""

    def do_POST(self):  # noqa: N802
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        allowed = not request["name"].startswith("bad")
        response = {"uid": request["uid"], "allowed": allowed, "status": {"message": "this widget is bad"}}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        content = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def operator(kube, group, manifest, certificate):
    """CRD and validating webhook configuration of an operator that listens on a port."""
    name = f"widgets.{group}"

    def build(port):
        rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}
        webhook = {
            "name": name,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "clientConfig": {
                "url": f"https://127.0.0.1:{port}/",
                "caBundle": base64.b64encode(certificate[0].encode()).decode(),
            },
            "rules": [rule],
        }
        version = "admissionregistration.k8s.io/v1"
        return [
            manifest("ValidatingWebhookConfiguration", name, version, webhooks=[webhook]),
            a_definition("Widget", group),
        ]

    yield build
    kube.delete("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", name)


def until_in_force(kube, probe, words, deadline):
    """API servers notice webhook configurations a moment after they exist."""

    def attempt():
        try:
            kube.apply(probe.object)
        except ApiError as error:
            if words not in error.message:
                raise
        else:
            kube.delete(
                probe.object["apiVersion"], probe.object["kind"], "bad-probe", probe.object["metadata"]["namespace"]
            )
            raise NotYet("the webhook is not asked yet")

    wait_until(attempt, deadline=deadline, what="webhook in force")


def test_operator_with_definition_webhook_and_resources(kube, operator, group, manifest, https_server, deadline):
    widget = f"{group}/v1"
    port = https_server(Webhook)
    applied = apply_all(kube, [manifest("Widget", "good", widget), *operator(port)], deadline=deadline)
    assert applied[0]["metadata"]["name"] == "good"
    until_in_force(kube, manifest("Widget", "bad-probe", widget), "this widget is bad", deadline)
    with pytest.raises(ApplyError, match=r"Widget .*/bad .*denied the request: this widget is bad"):
        apply_all(kube, [manifest("Widget", "bad", widget)], deadline=deadline)


def test_webhook_that_is_starting_is_waited_for(kube, operator, group, manifest, https_server, deadline):
    widget = f"{group}/v1"
    port = free_port()
    apply_all(kube, operator(port), deadline=deadline)
    until_in_force(kube, manifest("Widget", "bad-probe", widget), "failed calling webhook", deadline)
    refusals = []

    class StartsTheOperator(Silent):
        def state(self, subject, text, *, readiness=None):
            if not refusals:
                https_server(Webhook, port)
            refusals.append(text)

    applied = apply_all(kube, [manifest("Widget", "late", widget)], deadline=deadline, progress=StartsTheOperator())
    assert "failed calling webhook" in refusals[0]
    assert applied[0]["metadata"]["name"] == "late"


def test_webhook_that_never_answers(kube, operator, group, manifest, deadline):
    widget = f"{group}/v1"
    apply_all(kube, operator(free_port()), deadline=deadline)
    until_in_force(kube, manifest("Widget", "bad-probe", widget), "failed calling webhook", deadline)
    with pytest.raises(ApplyError, match=r"failed calling webhook.*\(tried for 1 s\)") as caught:
        apply_all(kube, [manifest("Widget", "a", widget)], deadline=Deadline(1))
    assert "simulated nodes never run one" in caught.value.hint


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
