"""Kinds, as aggregated discovery answers."""

import json
from types import SimpleNamespace

import pytest

from ephemeral.errors import SpecError
from ephemeral.kube.discovery import Discovery


def entry(kind, plural, *short, scope="Namespaced", verbs=("get", "list")):
    return {
        "resource": plural,
        "responseKind": {"kind": kind},
        "scope": scope,
        "singularResource": kind.lower(),
        "shortNames": list(short),
        "verbs": list(verbs),
    }


def group(name, **versions):
    listed = [{"version": version, "resources": resources} for version, resources in versions.items()]
    return {"metadata": {"name": name} if name else {}, "versions": listed}


class FakeTransport:
    """Answers discovery and counts how often it is asked."""

    def __init__(self):
        self.asked = 0
        core = [entry("Pod", "pods", "po"), entry("Binding", "bindings", verbs=["create"])]
        core.append(entry("Namespace", "namespaces", "ns", scope="Cluster"))
        self.answers = {
            "/api": [group("", v1=core)],
            "/apis": [
                group("apps", v1=[entry("Deployment", "deployments", "deploy")]),
                group("ex.dev", v2=[entry("Foo", "foos")], v1=[entry("Foo", "foos"), entry("Pod", "pods")]),
            ],
        }

    def request(self, method, path, *, headers):
        self.asked += 1
        return SimpleNamespace(data=json.dumps({"items": self.answers[path]}).encode())


@pytest.fixture
def transport():
    return FakeTransport()


@pytest.fixture
def discovery(transport):
    return Discovery(transport)


def test_paths(discovery):
    pods, deployments = discovery.find("v1", "Pod"), discovery.find("apps/v1", "Deployment")
    assert pods.path("shop", "web") == "/api/v1/namespaces/shop/pods/web"
    assert pods.path() == "/api/v1/pods"
    assert deployments.path("shop") == "/apis/apps/v1/namespaces/shop/deployments"
    assert discovery.find("v1", "Namespace").path("ignored", "shop") == "/api/v1/namespaces/shop"


def test_known_kinds_cost_no_further_request(discovery, transport):
    discovery.find("v1", "Pod")
    discovery.find("apps/v1", "Deployment")
    assert transport.asked == 2


def test_a_kind_of_a_moment_ago_is_found(discovery, transport):
    assert discovery.find("new.dev/v1", "Bar") is None
    transport.answers["/apis"].append(group("new.dev", v1=[entry("Bar", "bars")]))
    assert discovery.find("new.dev/v1", "Bar").plural == "bars"


def test_what_can_only_be_created_is_no_kind_to_read(discovery):
    assert discovery.find("v1", "Binding") is None


@pytest.mark.parametrize("name", ["Deployment", "deployment", "deployments", "deploy", "deployments.apps"])
def test_names_that_users_type(discovery, name):
    assert discovery.by_name(name).api_version == "apps/v1"


def test_core_and_preferred_versions_win(discovery):
    assert discovery.by_name("pod").api_version == "v1"
    assert discovery.by_name("pod.ex.dev").api_version == "ex.dev/v1"
    assert discovery.by_name("foo").api_version == "ex.dev/v2"


def test_mistyped_name(discovery):
    with pytest.raises(SpecError, match="no kind 'deploymnt'") as caught:
        discovery.by_name("deploymnt")
    assert "deployment" in caught.value.hint
