"""What is refused before anything is sent."""

from types import SimpleNamespace

import pytest

from ephemeral.errors import ApplyError
from ephemeral.kube.discovery import Resource
from ephemeral.kube.objects import Manifest
from ephemeral.kube.preflight import prepare


def resource(api_version, kind, *, namespaced=True):
    names = frozenset({kind.lower()})
    return Resource(api_version=api_version, kind=kind, plural=f"{kind.lower()}s", namespaced=namespaced, names=names)


class FakeDiscovery:
    resources = (
        resource("v1", "ConfigMap"),
        resource("v1", "Namespace", namespaced=False),
        resource("apps/v1", "Deployment"),
        resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", namespaced=False),
        resource("apiregistration.k8s.io/v1", "APIService", namespaced=False),
    )

    def find(self, api_version, kind):
        return next((each for each in self.resources if (each.api_version, each.kind) == (api_version, kind)), None)

    def kinds(self):
        return self.resources


KUBE = SimpleNamespace(discovery=FakeDiscovery())


def manifest(api_version, kind, name="a", origin="a.yaml:1", spec=None, **options):
    item = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec or {}}
    return Manifest(object=item, origin=origin, **options)


def a_definition(kind, *, scope="Namespaced"):
    spec = {"group": "ex.dev", "scope": scope, "names": {"kind": kind}, "versions": [{"name": "v1"}]}
    return manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)


def namespaces(prepared):
    return [each.object["metadata"].get("namespace") for each in prepared]


def test_namespaces_are_filled_in_and_left_out():
    items = [
        manifest("v1", "ConfigMap"),
        manifest("v1", "ConfigMap", name="b", namespace="shop"),
        manifest("v1", "Namespace", namespace="shop"),
    ]
    assert namespaces(prepare(KUBE, items)) == ["default", "shop", None]


def test_namespace_of_a_cluster_wide_object_is_dropped():
    item = manifest("v1", "Namespace")
    item.object["metadata"]["namespace"] = "default"
    assert namespaces(prepare(KUBE, [item])) == [None]


def test_kinds_that_the_manifests_define_are_known_with_their_scope():
    thing = manifest("ex.dev/v1", "Foo")
    assert namespaces(prepare(KUBE, [thing, a_definition("Foo")])) == ["default", None]
    assert namespaces(prepare(KUBE, [thing, a_definition("Foo", scope="Cluster")])) == [None, None]


def test_kinds_of_an_api_server_that_the_manifests_bring_are_let_through():
    service = manifest("apiregistration.k8s.io/v1", "APIService", spec={"group": "metrics.dev"})
    assert len(prepare(KUBE, [service, manifest("metrics.dev/v1", "Reading")])) == 2


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("apps/v1", "Deploymnet", "did you mean Deployment (apps/v1)?"),
        ("extensions/v1beta1", "Deployment", "Deployment is served as apps/v1"),
        ("acme.dev/v1", "Widget", "add the CRD that defines Widget (acme.dev)"),
    ],
)
def test_unknown_kind(api_version, kind, hint):
    with pytest.raises(ApplyError, match=f"{kind} a .web.yaml:7.: nothing here serves kind {kind}") as caught:
        prepare(KUBE, [manifest(api_version, kind, origin="web.yaml:7")])
    assert hint in caught.value.hint


def test_all_unknown_kinds_are_named():
    with pytest.raises(ApplyError) as caught:
        prepare(KUBE, [manifest("a.dev/v1", "Foo"), manifest("b.dev/v1", "Bar")])
    assert "Foo" in caught.value.message
    assert "Bar" in caught.value.message


def test_duplicate_names_both_places():
    first = manifest("v1", "ConfigMap", origin="a.yaml:1")
    second = manifest("v1", "ConfigMap", origin="b.yaml:9")
    second.object["metadata"]["namespace"] = "default"
    with pytest.raises(ApplyError, match=r"ConfigMap default/a is there twice: in a.yaml:1 and in b.yaml:9"):
        prepare(KUBE, [first, second])


def test_generated_names_are_never_duplicates():
    items = [manifest("v1", "ConfigMap"), manifest("v1", "ConfigMap")]
    for item in items:
        item.object["metadata"] = {"generateName": "a-"}
    assert len(prepare(KUBE, items)) == 2
