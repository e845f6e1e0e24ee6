"""Which specs: the areas that this project answers for, a quick subset, and what is left out.

Every pattern is a regular expression for the full text of a spec, such as
``[sig-network] DNS should provide DNS for services [Conformance]``.
"""

from collections.abc import Iterable

AREAS = {
    "pods": r"\[sig-node\] (Pods|InitContainer|Container Lifecycle Hook|PreStop) ",
    "services": r"\[sig-network\] (Services|Service endpoints|Endpoint\w*) ",
    "dns": r"\[sig-network\] DNS ",
    "configmaps": r"\[sig-(node|storage)\] ConfigMap ",
    "secrets": r"\[sig-(node|storage)\] Secrets ",
    "namespaces": r"\[sig-api-machinery\] (Namespaces|OrderedNamespaceDeletion) ",
    "crds": r"\[sig-api-machinery\] CustomResource",
    "webhooks": r"\[sig-api-machinery\] AdmissionWebhook ",
    "garbage": r"\[sig-api-machinery\] Garbage collector ",
}

#: One to three of each area, for every day: those that need an environment's own parts, and not the API server alone.
QUICK = (
    r"Pods should contain environment variables for services ",
    r"Pods should support remote command execution over websockets ",
    r"InitContainer .* should invoke init containers on a RestartNever pod ",
    r"Container Lifecycle Hook .* should execute poststart http hook properly ",
    r"Services should serve multiport endpoints from pods ",
    r"Services should be able to create a functioning NodePort service ",
    r"Services should be able to change the type from ExternalName to ClusterIP ",
    r"DNS should provide DNS for services ",
    r"DNS should provide DNS for pods for Hostname ",
    r"\[sig-storage\] ConfigMap should be consumable from pods in volume with mappings as non-root ",
    r"\[sig-node\] Secrets should be consumable via the environment ",
    r"Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set ",
    r"Namespaces \[Serial\] should ensure that all pods are removed when a namespace is deleted ",
    r"CustomResourceDefinition resources .* custom resource defaulting for requests and from storage works ",
    r"CustomResourceConversionWebhook .* should be able to convert from CR v1 to CR v2 ",
    r"AdmissionWebhook .* should mutate pod and apply defaults after mutation ",
    r"AdmissionWebhook .* should unconditionally reject operations on fail closed webhook ",
    r"Garbage collector should delete pods created by rc when not orphaning ",
)

#: Those of QUICK that a virtual cluster can't pass, by what it is.
NOT_VIRTUAL: tuple[str, ...] = ()

#: Pattern -> why these are not run.
EXCLUDED: dict[str, str] = {}


def any_of(patterns: Iterable[str]) -> str:
    return "|".join(f"({pattern})" for pattern in patterns)
