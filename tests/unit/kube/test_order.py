"""The order in which kinds reach the API server."""

import pytest

from ephemeral.kube.order import Stage, stage_of


@pytest.mark.parametrize(
    ("api_version", "kind", "stage"),
    [
        ("v1", "Namespace", Stage.NAMESPACES),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Stage.DEFINITIONS),
        ("v1", "Secret", Stage.FOUNDATIONS),
        ("networking.k8s.io/v1", "NetworkPolicy", Stage.FOUNDATIONS),
        ("v1", "Service", Stage.SERVICES),
        ("serving.knative.dev/v1", "Service", Stage.CUSTOM_RESOURCES),
        ("apps/v1", "Deployment", Stage.WORKLOADS),
        ("networking.k8s.io/v1", "Ingress", Stage.WORKLOADS),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", Stage.ADMISSION),
        ("apiregistration.k8s.io/v1", "APIService", Stage.ADMISSION),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", Stage.CUSTOM_RESOURCES),
    ],
)
def test_stage(api_version, kind, stage):
    assert stage_of({"apiVersion": api_version, "kind": kind}) is stage
