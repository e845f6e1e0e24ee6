"""The gateway of an environment that offers no GatewayClass: Traefik, in the app's own namespace."""

from collections.abc import Sequence
from typing import Any

from ephemeral.kube.objects import Object
from ephemeral.previews.names import LABEL
from ephemeral.previews.routers.classes import OWN
from ephemeral.previews.routers.protocol import Stage
from ephemeral.previews.routers.routes import API

_NAME = "ephemeral-gateway"
_LABELS = {LABEL: "gateway"}
_CONTROLLER = "traefik.io/gateway-controller"
_PING_PORT = 9000
_READ = ("get", "list", "watch")


class OwnTraefik:
    """Installs it with the listeners as entry points: adding one takes a rollout, during which the old one serves."""

    def __init__(self, stage: Stage) -> None:
        self.gateway_class = OWN
        self.pods = dict(_LABELS)
        self._stage = stage

    def install(self, ports: Sequence[int]) -> None:
        """Return once it is ready."""
        self._stage.put(manifests(self._stage.namespace, ports, self._stage.gateway_image))

    def wait_serving(self) -> None:
        """It is ready since it was installed."""


def manifests(namespace: str, ports: Sequence[int], image: str) -> list[Object]:
    """Traefik with an entry point for each of ``ports``, and the GatewayClass by which it is asked for."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(namespace)}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    rbac = "rbac.authorization.k8s.io/v1"
    return [
        account,
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": _metadata(), "rules": _rules()},
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": _metadata(),
            "roleRef": role,
            "subjects": [subject],
        },
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(namespace), "spec": _spec(ports, image)},
        {
            "apiVersion": API,
            "kind": "GatewayClass",
            "metadata": {"name": OWN, "labels": dict(_LABELS)},
            "spec": {"controllerName": _CONTROLLER},
        },
    ]


def _metadata(namespace: str = "") -> Object:
    return {"name": _NAME, "labels": dict(_LABELS), **({"namespace": namespace} if namespace else {})}


def _rules() -> list[Object]:
    """What Traefik's documentation asks for, without the experimental kinds."""
    group = "gateway.networking.k8s.io"
    kinds = ["backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"]
    return [
        {"apiGroups": [""], "resources": ["namespaces", "services", "secrets", "configmaps"], "verbs": [*_READ]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": [*_READ]},
        {"apiGroups": [group], "resources": kinds, "verbs": [*_READ]},
        {"apiGroups": [group], "resources": [f"{kind}/status" for kind in kinds], "verbs": ["update"]},
    ]


def _spec(ports: Sequence[int], image: str) -> Object:
    container: dict[str, Any] = {
        "name": "traefik",
        "image": image,
        "args": _arguments(ports),
        "ports": [{"name": f"port-{port}", "containerPort": port} for port in ports],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": _PING_PORT}, "periodSeconds": 1},
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
            "limits": {"cpu": "2", "memory": "256Mi", "ephemeral-storage": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    pod = {
        "serviceAccountName": _NAME,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    return {
        "replicas": 1,
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "selector": {"matchLabels": dict(_LABELS)},
        "template": {"metadata": {"labels": dict(_LABELS)}, "spec": pod},
    }


def _arguments(ports: Sequence[int]) -> list[str]:
    return [
        "--providers.kubernetesgateway=true",
        f"--providers.kubernetesgateway.labelselector={LABEL}=gateway",
        # A weight is to be in effect soon after it is written; the default gathers changes for two seconds.
        "--providers.providersthrottleduration=100ms",
        f"--entrypoints.ping.address=:{_PING_PORT}",
        "--ping.entrypoint=ping",
        *(f"--entrypoints.port-{port}.address=:{port}" for port in ports),
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
