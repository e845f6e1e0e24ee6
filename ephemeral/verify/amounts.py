"""Whether quota and limits count: totals that can't be exceeded, and defaults for who states none."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from ephemeral.apps.isolation.objects import MANAGED, NAME
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.spec.quantities import format_quantity, parse_quantity
from ephemeral.verify.admission import everywhere, harmless_pod
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.subject import PREFIX, Subject

#: What the refusal of the quota says.
_EXCEEDED = "exceeded quota"
_OF_A_CONTAINER = ("cpu", "memory", "ephemeral-storage")


def probe_amounts(subject: Subject) -> Iterator[Finding]:
    """Findings about quota and limits in every namespace of the app."""
    subject, namespaces, name, selected = _kept(subject)
    yield _sum_of_quotas(subject, selected)
    for resource, amount in sorted(subject.policy.quota.items()):
        kind, _, of_container = resource.rpartition(".")
        if kind in ("", "requests", "limits") and of_container in _OF_A_CONTAINER:
            pod = _asking(of_container, parse_quantity(amount) + 1)
            words = f"{_EXCEEDED}: {name}, requested: "
            yield everywhere(subject, f"pod beyond {resource}", pod, namespaces, expected="refused", words=words)
    if subject.policy.quota.get("services.nodeports") == "0":
        yield everywhere(
            subject, "Service with a node port", _node_port(), namespaces, expected="refused", words=_EXCEEDED
        )
    yield _defaults(subject, namespaces)


def _kept(subject: Subject) -> tuple[Subject, list[str], str, dict[str, str]]:
    """Where amounts are kept: API and namespaces, name of the quota, and what selects it."""
    host = subject.vantage.host if subject.vantage else None
    if host is None:
        labels = ",".join(f"{key}={value}" for key, value in MANAGED.items())
        return subject, subject.app_namespaces(), NAME, {"labels": labels}
    on_the_host = replace(subject, kubeconfig=host.kubeconfig, kube=host.kube, vantage=None)
    return on_the_host, [host.namespace], host.quota, {"labels": host.labels, "namespace": host.namespace}


def _sum_of_quotas(subject: Subject, selected: Mapping[str, str]) -> Finding:
    """The totals in force are the policy's, however they are shared out among namespaces."""
    probe = "quota in force"
    place = f"-n {selected['namespace']}" if "namespace" in selected else "-A"
    did = subject.kubectl(f"get resourcequota {place} -l {selected['labels']} -o json  # the sum of status.hard")
    promised = {name: parse_quantity(amount) for name, amount in subject.policy.quota.items()}
    if not promised:
        return judged(probe, did, expected=None, found="none")
    sums: dict[str, Decimal] = {}
    for quota in subject.kube.list("v1", "ResourceQuota", **selected):
        for name, amount in ((quota.get("status") or {}).get("hard") or {}).items():
            sums[name] = sums.get(name, Decimal(0)) + parse_quantity(amount)
    wrong = [f"{name} {_spell(sums.get(name))}, not {_spell(most)}" for name, most in promised.items()
             if sums.get(name) != most]  # fmt: skip
    found = "other amounts" if wrong else "the policy's totals"
    return judged(probe, did, expected="the policy's totals", found=found, detail="; ".join(wrong))


def _spell(amount: Decimal | None) -> str:
    return "unlimited" if amount is None else format_quantity(amount)


def _asking(resource: str, amount: Decimal) -> Object:
    pod = harmless_pod()
    # A request above the default limit would be refused for that alone.
    wanted = {resource: format_quantity(amount)}
    pod["spec"]["containers"][0]["resources"] = {"requests": wanted, "limits": wanted}
    return pod


def _node_port() -> Object:
    spec = {"type": "NodePort", "ports": [{"port": 80}], "selector": {"app": PREFIX}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": PREFIX}, "spec": spec}


def _defaults(subject: Subject, namespaces: list[str]) -> Finding:
    """A container that states neither limits nor requests gets the policy's."""
    probe, pod = "container without limits", harmless_pod()
    promised = {"limits": subject.policy.default_limits, "requests": subject.policy.default_requests}
    expected = "gets the defaults" if any(promised.values()) else None
    for namespace in namespaces:
        did = subject.trying_out(pod, namespace)
        try:
            given = subject.try_out(pod, namespace)["spec"]["containers"][0].get("resources") or {}
        except ApiError as error:
            return not_probed(probe, f"in {namespace}: {error.message}", did=did, expected=expected)
        if any(not _contains(given.get(kind) or {}, amounts) for kind, amounts in promised.items()):
            return judged(probe, did, expected=expected, found="gets others", detail=f"in {namespace}: {given}")
    found = "gets the defaults" if expected else "gets none"
    return judged(
        probe, subject.trying_out(pod, namespaces[0]), expected=expected, found=found,
        detail=f"in {', '.join(namespaces)}",
    )  # fmt: skip


def _contains(given: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(parse_quantity(given.get(name, "0")) == parse_quantity(amount) for name, amount in wanted.items())
