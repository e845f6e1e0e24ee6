"""podinfo as an app to be previewed: it says which arm it is, and fails or dawdles when told to."""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ephemeral.previews.load import Destination, LoadPlan, Routed, Target
from ephemeral.previews.observations import Request
from tests.images import PODINFO
from tests.sending import sending

PORT, GRPC = 9898, 9999


def app(name: str = "podinfo", *, replicas: int = 1, message: str = "baseline") -> list[dict[str, Any]]:
    """A Deployment and its Service of two ports."""
    labels = {"app": name}
    container = {
        "name": "podinfod",
        "image": PODINFO,
        "command": ["./podinfo", f"--port={PORT}", f"--grpc-port={GRPC}", "--level=error"],
        "ports": [{"name": "http", "containerPort": PORT}, {"name": "grpc", "containerPort": GRPC}],
        "env": [{"name": "PODINFO_UI_MESSAGE", "value": message}],
        # On a busy machine a probe may take its time; that must not take the only pod out of its Service.
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": PORT},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 10,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi", "ephemeral-storage": "16Mi"}},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }
    ports = [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "grpc", "port": GRPC, "targetPort": "grpc"},
    ]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": ports},
    }
    return [deployment, service]


def patch(folder: Path, message: str = "candidate", *, name: str = "podinfo", **env: str) -> str:
    """The path of a patch that gives podinfo this message, and variables of its own switches."""
    values = {"UI_MESSAGE": message, **env}
    variables = [{"name": f"PODINFO_{key}", "value": value} for key, value in values.items()]
    spec = {"template": {"spec": {"containers": [{"name": "podinfod", "env": variables}]}}}
    path = folder / f"{name}-{message}.json"
    metadata = {"name": name}
    path.write_text(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
    return str(path)


def message(url: str, headers: Mapping[str, str] | None = None) -> str:
    """What podinfo at ``url`` calls itself; the status when it, or somebody for it, answers with an error."""
    request = urllib.request.Request(url, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return str(json.load(response)["message"])
    except urllib.error.HTTPError as error:
        return str(error.code)


class Traffic:
    """Requests that users send meanwhile, and what became of them."""

    def __init__(self) -> None:
        self.failures: list[Request] = []
        self.statuses: Counter[int] = Counter()

    def hear(self, request: Request) -> None:
        self.statuses[request.status] += 1
        if request.failed:
            self.failures.append(request)


@contextmanager
def traffic(url: str, *, rate: float = 50, headers: Mapping[str, str] | None = None) -> Iterator[Traffic]:
    """Send requests to the app's own URL as long as the body runs."""
    heard = Traffic()
    routing = Routed(destination=Destination(url=url.rstrip("/")), share=lambda: None)
    plan = LoadPlan(routing=routing, rate=rate, seconds=600, targets=(Target(path="/version", headers=headers or {}),))
    with sending(plan, heard.hear):
        yield heard
