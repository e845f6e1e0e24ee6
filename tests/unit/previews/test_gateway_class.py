"""Which GatewayClass a preview takes, and what it makes of one that does not do."""

from types import SimpleNamespace

import pytest

from ephemeral.errors import PreviewError, SpecError
from ephemeral.previews.routers import classes, offered
from ephemeral.previews.routers.classes import OWN, find_class
from ephemeral.previews.routers.offered import OfferedClass
from ephemeral.previews.routers.routes import API, GATEWAY
from ephemeral.progress import Silent

LABEL = {"gateway.networking.k8s.io/gateway-name": GATEWAY}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(classes, "_TAKEN_SECONDS", 0.0)
    monkeypatch.setattr(offered, "_TAKEN_SECONDS", 0.0)


class FakeKube:
    """Has these objects, by kind; without GatewayClasses it has no Gateway API."""

    def __init__(self, **objects):
        self.objects = objects
        self.discovery = SimpleNamespace(find=lambda version, kind: kind if kind in objects else None)

    def list(self, api_version, kind, *, namespace=None, labels="", fields=""):
        return self.objects.get(kind, [])

    def get(self, api_version, kind, name, namespace=None):
        return next((each for each in self.objects.get(kind, ()) if each["metadata"]["name"] == name), None)


def a_class(name, accepted="True", *, labels=None, features=None, **words):
    status = {"conditions": [{"type": "Accepted", "status": accepted, **words}]} if accepted else {}
    if features is not None:
        status["supportedFeatures"] = features
    return {"apiVersion": API, "kind": "GatewayClass", "metadata": {"name": name, "labels": labels}, "status": status}


def found(*gateway_classes, wanted=""):
    return find_class(FakeKube(GatewayClass=[*gateway_classes]), wanted)


OURS = a_class(OWN, labels={"ephemeral/preview": "gateway"})


def test_without_gateway_api_or_classes_it_is_traefik():
    assert find_class(FakeKube(), "") == OWN
    assert found() == OWN
    assert found(OURS) == OWN


def test_the_only_accepted_class_is_taken_whatever_else_is_there():
    assert found(OURS, a_class("envoy"), a_class("broken", "False"), a_class("nobody's", "Unknown")) == "envoy"


def test_classes_that_nobody_accepts_are_none():
    assert found(a_class("broken", "False"), a_class("untaken", "")) == OWN


def test_of_several_none_is_guessed():
    with pytest.raises(SpecError, match=r"several GatewayClasses.*: envoy, istio") as caught:
        found(a_class("istio"), a_class("envoy"))
    assert OWN in caught.value.hint


def test_a_name_decides():
    several = [a_class("istio"), a_class("envoy")]
    assert found(*several, wanted="istio") == "istio"
    assert found(*several, wanted=OWN) == OWN


def test_a_name_that_is_not_there_is_an_error_that_says_what_is():
    with pytest.raises(SpecError, match="no GatewayClass nginx; there is envoy"):
        found(a_class("envoy"), wanted="nginx")
    with pytest.raises(SpecError, match="no GatewayClass nginx; there is none"):
        find_class(FakeKube(), "nginx")


def test_a_named_class_that_is_not_accepted_is_refused_in_its_controllers_words():
    broken = a_class("envoy", "False", reason="InvalidParameters", message="no such EnvoyProxy")
    with pytest.raises(PreviewError, match=r"envoy is not accepted \(InvalidParameters: no such EnvoyProxy\)"):
        found(broken, wanted="envoy")
    with pytest.raises(PreviewError, match="no controller has taken it"):
        found(a_class("envoy", ""), wanted="envoy")


def test_a_class_that_is_about_to_be_accepted_is_waited_for(monkeypatch):
    monkeypatch.setattr(classes, "_TAKEN_SECONDS", 10.0)
    answers = [[a_class("envoy", "Unknown")], [a_class("envoy", "Unknown")], [a_class("envoy")]]
    kube = FakeKube(GatewayClass=[])
    kube.list = lambda *_: answers.pop(0) if len(answers) > 1 else answers[0]
    assert find_class(kube, "") == "envoy"


@pytest.mark.parametrize("shape", [lambda name: {"name": name}, str], ids=["objects", "names"])
def test_a_class_that_cannot_name_the_arm_in_the_answer_is_refused(shape):
    able = [shape("HTTPRoute"), shape("HTTPRouteResponseHeaderModification")]
    assert found(a_class("envoy", features=able)) == "envoy"
    with pytest.raises(PreviewError, match="does not support HTTPRouteResponseHeaderModification"):
        found(a_class("envoy", features=able[:1]))


def a_gateway(*conditions, generation=2):
    known = [
        {"observedGeneration": 2, "type": kind, "status": status, "reason": reason, "message": f"says {reason}"}
        for kind, status, reason in conditions
    ]
    metadata = {"name": GATEWAY, "generation": generation}
    return {"metadata": metadata, "status": {"conditions": known}}


def a_deployment():
    spec = {"replicas": 1, "selector": {"matchLabels": LABEL}}
    metadata = {"name": GATEWAY, "namespace": "shop", "uid": "d", "generation": 1, "labels": LABEL}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


@pytest.fixture
def waited(monkeypatch):
    """Wait for a Gateway as it is given; the list of what pods were waited for."""
    seen = []
    monkeypatch.setattr(offered, "wait_ready", lambda kube, objects, **_: seen.extend(objects))

    def wait(gateway, *deployments):
        kube = FakeKube(Gateway=[gateway], Deployment=[*deployments])
        OfferedClass(SimpleNamespace(kube=kube, namespace="shop", progress=Silent()), "envoy").wait_serving()
        return [each["metadata"]["name"] for each in seen]

    return wait


ACCEPTED, PROGRAMMED = ("Accepted", "True", "Accepted"), ("Programmed", "True", "Programmed")


def test_a_gateway_serves_once_its_pods_are_ready_and_it_is_programmed(waited):
    assert waited(a_gateway(ACCEPTED, PROGRAMMED), a_deployment()) == [GATEWAY]


def test_an_address_is_no_need_of_a_preview(waited):
    assert waited(a_gateway(ACCEPTED, ("Programmed", "False", "AddressNotAssigned")), a_deployment()) == [GATEWAY]


@pytest.mark.parametrize("bad", [("Accepted", "False", "Invalid"), ("Programmed", "False", "AddressNotUsable")])
def test_a_gateway_that_cannot_be_is_an_error_in_its_controllers_words(waited, bad):
    good = [each for each in (ACCEPTED, PROGRAMMED) if each[0] != bad[0]]
    with pytest.raises(PreviewError, match=rf"Gateway shop/{GATEWAY} of class envoy: {bad[0]}=False.*says {bad[2]}"):
        waited(a_gateway(*good, bad), a_deployment())


def test_pods_elsewhere_are_no_use_and_what_was_looked_for_is_said(waited):
    with pytest.raises(PreviewError) as caught:
        waited(a_gateway(ACCEPTED, PROGRAMMED))
    assert f"namespace shop there is no Deployment, DaemonSet or StatefulSet with the label {next(iter(LABEL))}" in (
        caught.value.message
    )
    assert f"gateway-class: {OWN}" in caught.value.hint


def test_a_controller_that_says_nothing_about_the_gateway_as_it_is_now_is_named(waited):
    with pytest.raises(PreviewError, match="the controller of GatewayClass envoy has not taken the Gateway"):
        waited(a_gateway(ACCEPTED, PROGRAMMED, generation=3))
