"""The operator runs here, as a process of the test; what it talks to is a real API server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_ephemeral import expect


@pytest.fixture(scope="session", autouse=True)
def operator(ephemeral_environment) -> Iterator[None]:
    expect(ephemeral_environment).crd("widgets.example.com").established()
    program = Path(__file__).with_name("controller.py")
    variables = {**os.environ, "KUBECONFIG": str(ephemeral_environment.kubeconfig)}
    with subprocess.Popen([sys.executable, str(program)], env=variables) as process:
        yield
        process.terminate()


def widget(name: str, replicas: int) -> dict:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"replicas": replicas},
    }


def test_a_widget_becomes_a_deployment(kube, apply, cluster_namespace) -> None:
    apply(widget("left", 2), namespace=cluster_namespace)
    expect(kube).object("example.com/v1", "Widget", "left", cluster_namespace).condition("Accepted")
    expect(kube).deployment("left", cluster_namespace).available()
    assert len(expect(kube).pods("widget=left", cluster_namespace).ready()) == 2


def test_it_follows_its_widget(kube, apply, cluster_namespace) -> None:
    apply(widget("right", 1), namespace=cluster_namespace)
    expect(kube).deployment("right", cluster_namespace).available()
    apply(widget("right", 3), namespace=cluster_namespace)
    expect(kube).deployment("right", cluster_namespace).value("{.spec.replicas}", 3)
    expect(kube).pods("widget=right", cluster_namespace).ready(3)


def test_it_goes_with_its_widget(kube, apply, cluster_namespace) -> None:
    apply(widget("brief", 1), namespace=cluster_namespace)
    expect(kube).deployment("brief", cluster_namespace).exists()
    kube.delete("example.com/v1", "Widget", "brief", cluster_namespace)
    expect(kube).deployment("brief", cluster_namespace).gone()


def test_the_schema_refuses_what_makes_no_sense(apply) -> None:
    with pytest.raises(pytest.fail.Exception, match="greater than or equal to 1"):
        apply(widget("none", 0))
