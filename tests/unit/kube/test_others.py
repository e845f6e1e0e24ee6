"""Verdicts on CRDs, APIServices, claims and named conditions."""

import pytest

from ephemeral.kube.readiness.judge import judge
from ephemeral.kube.readiness.others import named_condition
from ephemeral.kube.readiness.verdict import Scene, StorageClasses

CLASSES = StorageClasses(names=frozenset({"fast", "late"}), waiting=frozenset({"late"}))


def item(api_version, kind, spec=None, **status):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec or {}, "status": status}


def definition(*conditions):
    return item("apiextensions.k8s.io/v1", "CustomResourceDefinition", conditions=list(conditions))


def test_definition():
    taken = {"type": "NamesAccepted", "status": "False", "reason": "KindConflict", "message": '"Foo" is already in use'}
    assert judge(definition({"type": "Established", "status": "True"}), Scene()).state == "ready"
    assert judge(definition(), Scene()).state == "pending"
    assert judge(definition(taken), Scene()).text == 'KindConflict: "Foo" is already in use'


def test_api_service_tells_why_it_is_not_available():
    missing = {"type": "Available", "status": "False", "reason": "ServiceNotFound", "message": 'service "x" is missing'}
    verdict = judge(item("apiregistration.k8s.io/v1", "APIService", conditions=[missing]), Scene())
    assert (verdict.state, verdict.text) == ("pending", 'Available is False (ServiceNotFound: service "x" is missing)')


@pytest.mark.parametrize(
    ("spec", "status", "state"),
    [
        ({"storageClassName": "fast"}, {"phase": "Bound"}, "ready"),
        ({"storageClassName": "fast"}, {"phase": "Pending"}, "pending"),
        ({"storageClassName": "late"}, {"phase": "Pending"}, "ready"),
        ({"storageClassName": ""}, {"phase": "Pending"}, "pending"),
        ({"storageClassName": "gone"}, {"phase": "Pending"}, "failed"),
        ({}, {"phase": "Pending"}, "failed"),
        ({}, {"phase": "Lost"}, "failed"),
    ],
)
def test_claim(spec, status, state):
    verdict = judge(item("v1", "PersistentVolumeClaim", spec, **status), Scene(storage=CLASSES))
    assert verdict.state == state


def test_claim_without_a_class_waits_for_the_default_one():
    classes = StorageClasses(names=frozenset({"fast"}), has_default=True)
    assert judge(item("v1", "PersistentVolumeClaim"), Scene(storage=classes)).state == "pending"


def test_named_condition():
    assert named_condition(item("a/v1", "Certificate"), "Ready").text == "Ready is not reported"
    assert (
        named_condition(item("a/v1", "C", conditions=[{"type": "Ready", "status": "True"}]), "Ready").state == "ready"
    )
