"""Refusals: which pass, and what is said about the others."""

import pytest

from ephemeral.kube.objects import Manifest
from ephemeral.kube.refusals import passes, refused, words_of
from ephemeral.kube.transport import ApiError


@pytest.mark.parametrize(
    "error",
    [
        ApiError("does not answer", status=0),
        ApiError("slow down", status=429),
        ApiError("unavailable", status=503),
        ApiError("the object has been modified", status=409, reason="Conflict"),
        ApiError('Internal error occurred: failed calling webhook "a.b.c": EOF', status=500, reason="InternalError"),
        ApiError('pods "a" is forbidden: status unknown for quota: ephemeral, resources: pods', status=403),
        ApiError('no matches for kind "Foo" in version "ex.dev/v1"', status=404),
    ],
)
def test_passing(error):
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        ApiError("failed to create typed patch object: .spec.replica: field not declared in schema", status=500),
        ApiError('configmaps "a" is forbidden: exceeded quota: q', status=403, reason="Forbidden"),
        ApiError('jobs "a" already exists', status=409, reason="AlreadyExists"),
        ApiError('namespaces "shop" not found', status=404, reason="NotFound"),
        ApiError("spec.selector: field is immutable", status=422, reason="Invalid"),
    ],
)
def test_final(error):
    assert not passes(error)


def manifest(name):
    return Manifest(object={"kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}}, origin=f"{name}.yaml:1")


def test_one_refusal_is_one_line_with_a_hint():
    error = refused([(manifest("x"), "spec.selector: field is immutable")])
    assert error.message == "ConfigMap a/x (x.yaml:1): spec.selector: field is immutable"
    assert "delete the object" in error.hint


def test_all_refusals_are_listed_and_hints_are_not_repeated():
    error = refused([(manifest("x"), "exceeded quota: q"), (manifest("y"), "exceeded quota: q")])
    assert error.message.splitlines()[0] == "2 objects were refused"
    assert "ConfigMap a/y (y.yaml:1): exceeded quota: q" in error.message
    assert error.hint.count("isolation.quota") == 1


def wrong_type(kind):
    message = ".data.p: expected string, got &value.valueUnstructured{Value:hunter2}"
    return words_of(ApiError(message, status=500), {"kind": kind})


def test_values_of_secrets_are_never_repeated():
    assert wrong_type("Secret") == ".data.p: expected string, got ***"
    assert wrong_type("ConfigMap") == ".data.p: expected string, got hunter2"
    assert "quotes" in refused([(manifest("x"), wrong_type("ConfigMap"))]).hint
