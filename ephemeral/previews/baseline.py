"""What is previewed: Services, and the Deployments behind them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ephemeral.errors import PreviewError, SpecError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object, subject
from ephemeral.previews.names import LABEL

#: On a Service that leads elsewhere for now: its own selector and ports.
ORIGINAL_SPEC = "ephemeral/preview-original"

_OTHERS = (("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The Services as the app has them (whatever leads where now), and the Deployments that they select."""

    namespace: str
    services: Sequence[Object]
    deployments: Sequence[Object]
    #: Every Service of the namespace that selects pods: their selectors must not find the candidate's.
    selectors: Sequence[Mapping[str, str]]


def find_baseline(kube: Kube, names: Sequence[str], *, namespace: str, ready: bool = True) -> Baseline:
    """Find the Services and their Deployments, of which with ``ready`` some pod must be.

    Raises SpecError for a Service that is not there, PreviewError for one that nothing can be previewed behind.
    """
    there = [as_written(each) for each in kube.list("v1", "Service", namespace=namespace)]
    by_name = {each["metadata"]["name"]: each for each in there}
    if missing := [name for name in names if name not in by_name]:
        hint = f"Services there: {', '.join(sorted(by_name)) or 'none'}"
        raise SpecError(f"preview.service: there is no Service {namespace}/{missing[0]}.", hint=hint)
    services = [by_name[name] for name in names]
    deployments: dict[str, Object] = {}
    for service in services:
        _refuse_unfit(service)
        for each in _deployments_of(kube, service, ready=ready):
            deployments[each["metadata"]["name"]] = each
    return Baseline(
        namespace=namespace,
        services=services,
        deployments=[*deployments.values()],
        selectors=[found for each in there if (found := each["spec"].get("selector"))],
    )


def as_written(service: Object) -> Object:
    """A Service with the selector and ports that the app gave it, though it may lead elsewhere now."""
    kept = (service["metadata"].get("annotations") or {}).get(ORIGINAL_SPEC)
    return {**service, "spec": {**service["spec"], **json.loads(kept)}} if kept else service


def template_labels(workload: Object) -> Mapping[str, str]:
    """Labels of the pods that a workload makes."""
    found: Mapping[str, str] = workload["spec"]["template"]["metadata"].get("labels") or {}
    return found


def selects(selector: Mapping[str, str], labels: Mapping[str, Any]) -> bool:
    """Whether a Service with this selector finds pods with these labels."""
    return bool(selector) and selector.items() <= labels.items()


def _refuse_unfit(service: Object) -> None:
    spec, name = service["spec"], subject(service)
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        raise PreviewError(
            f"{name} has no address of its own (headless, or a name elsewhere): its clients choose pods themselves.",
            hint="Preview a Service with a ClusterIP.",
        )
    if not spec.get("selector"):
        raise PreviewError(f"{name} has no selector: there are no pods behind it that could be copied.")


def _deployments_of(kube: Kube, service: Object, *, ready: bool) -> Sequence[Object]:
    selector, namespace = service["spec"]["selector"], service["metadata"]["namespace"]

    def selected(kind: tuple[str, str]) -> list[Object]:
        return [each for each in kube.list(*kind, namespace=namespace) if selects(selector, template_labels(each))]

    for kind in _OTHERS:
        if found := selected(kind):
            raise PreviewError(f"{subject(service)} leads to {subject(found[0])}: only Deployments can be previewed.")
    deployments = [each for each in selected(("apps/v1", "Deployment")) if not _is_candidate(each)]
    if not deployments:
        raise PreviewError(f"no Deployment makes pods that {subject(service)} selects.")
    if ready and not any((each.get("status") or {}).get("readyReplicas") for each in deployments):
        states = ", ".join(f"{each['metadata']['name']} has no ready pod" for each in deployments)
        raise PreviewError(
            f"nothing is ready behind {subject(service)} ({states}): there is no baseline to compare with.",
            hint="`ephemeral status` shows the workloads; deploy a version that works first.",
        )
    return deployments


def _is_candidate(deployment: Object) -> bool:
    return LABEL in (deployment["metadata"].get("labels") or {})
