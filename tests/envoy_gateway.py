"""Envoy Gateway as the GatewayClass of an environment: by its own chart, with Envoy beside each Gateway."""

from pathlib import Path
from typing import Any

from ephemeral.apps.helm import template
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import HelmChart
from ephemeral.tools import require
from ephemeral.waiting import Deadline
from tests import programs
from tests.images import PASSWD, write_once
from tests.python_image import shared_objects

CLASS = "envoy"
NAMESPACE = "envoy-gateway-system"
GATEWAY_IMAGE = f"docker.io/envoyproxy/gateway:v{programs.pinned_version('envoy-gateway')}"
ENVOY_IMAGE = f"docker.io/envoyproxy/envoy:distroless-v{programs.pinned_version('envoy')}"

_CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_SECONDS = 60.0


def images() -> tuple[Path, Path]:
    """Archives of the controller and of what it runs for each Gateway."""
    return _gateway_image(), _envoy_image()


def manifests(*, beside_gateways: bool = True) -> list[Manifest]:
    """All objects of its chart, CRDs too, and a GatewayClass.

    With ``beside_gateways`` a Gateway's pods are in the Gateway's namespace, else all are in the controller's, which is
    the chart's default.
    """
    deploy = {"type": "GatewayNamespace" if beside_gateways else "ControllerNamespace"}
    # Environments have no load balancer, and the policy `isolated` refuses the node ports of one.
    proxy = {"provider": {"type": "Kubernetes", "kubernetes": {"envoyService": {"type": "ClusterIP"}}}}
    chart = HelmChart(
        chart=str(programs.envoy_gateway() / "gateway-helm"),
        release="eg",
        namespace=NAMESPACE,
        values=("gateway-helm/values.tmpl.yaml",),
        set={
            "createNamespace": True,
            "global.images.envoyGateway.image": GATEWAY_IMAGE,
            "global.images.envoyGateway.pullPolicy": "IfNotPresent",
            "global.images.envoyProxy.image": ENVOY_IMAGE,
            "config.envoyGateway.provider.kubernetes": {"deploy": deploy},
            "config.envoyGateway.envoyProxy": proxy,
            "topologyInjector.enabled": False,
            # In an environment that had Gateway API before, of another channel, it would refuse the chart's own.
            "crds.gatewayAPI.safeUpgradePolicy.enabled": False,
        },
    )
    base, helm = programs.envoy_gateway(), require(["helm"])["helm"]
    found = template(chart, base=base, helm=Path(helm), deadline=Deadline(_SECONDS))
    return [*found, Manifest(object=_gateway_class(), origin="test")]


def _gateway_class() -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": CLASS},
        "spec": {"controllerName": _CONTROLLER},
    }


def _gateway_image() -> Path:
    program = programs.envoy_gateway() / "envoy-gateway"
    files = {"usr/local/bin/envoy-gateway": program, "tmp/": b"", "etc/passwd": PASSWD.encode()}
    return write_once("envoy-gateway", GATEWAY_IMAGE, files, entrypoint=["/usr/local/bin/envoy-gateway"])


def _envoy_image() -> Path:
    program = programs.envoy()
    files = {
        "usr/local/bin/envoy": program,
        **shared_objects(program),
        "tmp/": b"",
        "etc/passwd": PASSWD.encode(),
    }
    env = {"LD_LIBRARY_PATH": "/usr/local/lib"}
    return write_once("envoy", ENVOY_IMAGE, files, command=["envoy"], env=env)
