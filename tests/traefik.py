"""Traefik as the ingress controller that a cluster's users share, by Ingress and by Gateway API."""

import json
from pathlib import Path
from typing import Any

import yaml

from ephemeral.process import run
from tests.images import TRAEFIK

NAMESPACE = "ingress"
#: Name of its Service, IngressClass and GatewayClass; the Gateway is called `shared`.
NAME = "traefik"
GATEWAY = "shared"

_GATEWAY_API = "sigs.k8s.io/gateway-api@v1.4.0"  # the one that Traefik 3.6 was built with
#: The listener of a Gateway names the port of an entry point, not the Service's.
_PORT = 8000
_LABELS = {"app": NAME}


def gateway_definitions() -> list[dict[str, Any]]:
    """The CRDs of Gateway API's standard channel, from its Go module."""
    answer = run(["go", "mod", "download", "-json", _GATEWAY_API], timeout=300, cwd=Path("/"))
    folder = Path(json.loads(answer.stdout)["Dir"]) / "config/crd/standard"
    return [yaml.safe_load(file.read_text()) for file in sorted(folder.glob("gateway.*.yaml"))]


def manifests() -> list[dict[str, Any]]:
    """All that a cluster needs besides `gateway_definitions` and the image `TRAEFIK`."""
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        _cluster_role(),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        },
        _deployment(metadata),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": _LABELS, "ports": [{"name": "http", "port": 80, "targetPort": _PORT}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": NAME},
            "spec": {"controller": "traefik.io/ingress-controller"},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": NAME},
            "spec": {"controllerName": "traefik.io/gateway-controller"},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": GATEWAY, "namespace": NAMESPACE},
            "spec": {
                "gatewayClassName": NAME,
                "listeners": [
                    {"name": "web", "protocol": "HTTP", "port": _PORT, "allowedRoutes": {"namespaces": {"from": "All"}}}
                ],
            },
        },
    ]


def _deployment(metadata: dict[str, str]) -> dict[str, Any]:
    arguments = [
        f"--entrypoints.web.address=:{_PORT}",
        "--ping",
        "--ping.entrypoint=web",
        "--providers.kubernetesingress",
        f"--providers.kubernetesingress.ingressclass={NAME}",
        "--providers.kubernetesgateway",
        "--accesslog",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    container = {
        "name": NAME,
        "image": TRAEFIK,
        "args": arguments,
        "ports": [{"name": "web", "containerPort": _PORT}],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": "web"}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    }
    template = {"metadata": {"labels": _LABELS}, "spec": {"serviceAccountName": NAME, "containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": _LABELS}, "template": template},
    }


def _cluster_role() -> dict[str, Any]:
    read = ["get", "list", "watch"]
    gateway = ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants", "backendtlspolicies"]
    watched = {
        "": ["namespaces", "nodes", "services", "secrets", "configmaps"],
        "discovery.k8s.io": ["endpointslices"],
        "networking.k8s.io": ["ingresses", "ingressclasses"],
        "gateway.networking.k8s.io": gateway,
    }
    stated = {
        "networking.k8s.io": ["ingresses/status"],
        "gateway.networking.k8s.io": [f"{each}/status" for each in gateway],
    }
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": NAME},
        "rules": [
            *({"apiGroups": [group], "resources": resources, "verbs": read} for group, resources in watched.items()),
            *({"apiGroups": [group], "resources": names, "verbs": ["update"]} for group, names in stated.items()),
        ],
    }
