"""In which order kinds have to reach the API server."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from ephemeral.kube.objects import group_of


class Stage(IntEnum):
    """Objects of one stage may be applied at the same time; a stage begins when the one before is done."""

    NAMESPACES = 0
    DEFINITIONS = 1
    FOUNDATIONS = 2  # what a pod may need at the moment it is created
    SERVICES = 3  # before the pods whose environment names them
    WORKLOADS = 4
    ADMISSION = 5  # after the pods that answer these calls
    CUSTOM_RESOURCES = 6  # their validation may be served by a workload


_STAGES = {
    Stage.NAMESPACES: {"Namespace"},
    Stage.DEFINITIONS: {"CustomResourceDefinition"},
    Stage.FOUNDATIONS: {
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CSIDriver",
        "DeviceClass",
        "IngressClass",
        "LimitRange",
        "NetworkPolicy",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "PriorityClass",
        "ResourceClaim",
        "ResourceClaimTemplate",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "RuntimeClass",
        "Secret",
        "ServiceAccount",
        "StorageClass",
    },
    Stage.SERVICES: {"Service"},
    Stage.ADMISSION: {
        "APIService",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    },
}
_STAGE_OF = {kind: stage for stage, kinds in _STAGES.items() for kind in kinds}

_BUILT_IN_GROUPS = {"", "apps", "autoscaling", "batch", "extensions", "policy"} | {
    f"{group}.k8s.io"
    for group in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    )
}


def stage_of(item: Mapping[str, Any]) -> Stage:
    """The stage that an object belongs to. A Knative ``Service`` is a custom resource, whatever its kind says."""
    if group_of(item) not in _BUILT_IN_GROUPS:
        return Stage.CUSTOM_RESOURCES
    return _STAGE_OF.get(str(item.get("kind")), Stage.WORKLOADS)
