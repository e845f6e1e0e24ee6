"""An app that a host's shared ingress controller serves, and how its users ask for it."""

import http.client
import json
from pathlib import Path

from ephemeral.spec.model import HostIngress
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import traefik
from tests.e2e.objects import deployment, service
from tests.images import AGNHOST

DOMAIN = "preview.test"
GATEWAY = f"{traefik.NAMESPACE}/{traefik.GATEWAY}"
SHARED = HostIngress(namespace=traefik.NAMESPACE, domain=DOMAIN, class_name=traefik.NAME, gateway=GATEWAY)


def get(controller: str, host: str) -> str:
    """Ask the controller for the name of a server, once it has heard of the route."""

    def attempt() -> str:
        connection = http.client.HTTPConnection(controller, timeout=5)
        try:
            connection.request("GET", "/hostname", headers={"Host": host})
            response = connection.getresponse()
            if response.status != 200:
                raise NotYet(f"{response.status} {response.reason}")
            return response.read().decode()
        except OSError as error:
            raise NotYet(str(error)) from error
        finally:
            connection.close()

    return wait_until(attempt, deadline=Deadline(20), what=f"http://{host}/hostname")


def app(folder: Path, own: str) -> Path:
    """A web server that says its pod's name, and an Ingress and an HTTPRoute of its own at ``own``."""
    web = service("web")
    web["spec"]["ports"][0]["targetPort"] = 8080
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "own", "namespace": "default"},
        "spec": {
            "ingressClassName": traefik.NAME,
            "rules": [{"host": own, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
    }
    objects = [deployment("web", image=AGNHOST, args=["netexec", "--http-port=8080"]), web, ingress]
    file = folder / "app.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return file
