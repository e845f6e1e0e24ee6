"""bench.faulty as an app in a cluster: half of the requests or one in twenty, which no switch of podinfo's can fail."""

from pathlib import Path
from typing import Any

from tests.python_image import PYTHON

PORT = 8080
_CONTAINER = "app"
_SOURCE = Path(__file__).with_name("faulty.py").read_text()

Object = dict[str, Any]


def deployment(name: str, namespace: str, errors: float) -> Object:
    """Fails ``errors`` (0..1) of its requests. Ended by SIGTERM's second, so that requests under way are answered."""
    labels = {"app": name}
    container = {
        "name": _CONTAINER,
        "image": PYTHON,
        "command": ["python3", "-c", _SOURCE],
        "args": _arguments(errors),
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": PORT},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 10,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    }
    pod = {"containers": [container], "terminationGracePeriodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str, namespace: str) -> Object:
    """Its Service."""
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def candidate(name: str, namespace: str, errors: float, revision: str) -> Object:
    """The patch that makes a candidate of it; ``revision`` makes it another one even where nothing else differs."""
    variables = [{"name": "REVISION", "value": revision}]
    container = {"name": _CONTAINER, "args": _arguments(errors), "env": variables}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def _arguments(errors: float) -> list[str]:
    return ["--address=0.0.0.0", f"--port={PORT}", f"--errors={errors}"]
