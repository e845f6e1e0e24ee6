"""Whether what is asked for can be had: at all, and in an environment that runs already."""

from typing import Any

from ephemeral.errors import ClusterError, SpecError
from ephemeral.spec.model import Spec
from ephemeral.spec.presets import Policy, resolve


def check_answers(spec: Spec) -> None:
    """No false green: what nothing can answer is not promised. Raises SpecError."""
    if spec.cluster.provider == "vcluster":
        _check_hosted(spec)
    if spec.cluster.nodes != "simulated":
        return
    promised = [("expose", each.service) for each in spec.expose]
    promised += [("ready.http", each.service) for each in spec.ready.http]
    for key, service in promised[:1]:
        raise SpecError(
            f"{key}: Service {service} can't answer: simulated nodes run nothing.",
            hint=f"Leave `{key}` out; tests of manifests, controllers and policies don't need it.",
        )


def _pod_network(spec: Spec) -> str:
    if spec.cluster.provider == "vcluster":
        return "host's"
    return spec.cluster.network if spec.cluster.nodes == "real" else "none"


def _check_hosted(spec: Spec) -> None:
    """What is the host's affair can't be asked for. Raises SpecError."""
    if spec.cluster.nodes == "simulated":
        raise SpecError("cluster.nodes: simulated nodes are `provider: local`; pods of a vcluster run on its host.")
    if spec.cluster.network != "basic":
        raise SpecError("cluster.network: the pod network of a vcluster is its host's.", hint="Leave it out.")
    check_preview(spec)


def check_preview(spec: Spec) -> None:
    """Whether the preview's router can be had there. Raises SpecError.

    Where a host's Gateways are handed to environments, vcluster removes every GatewayClass that the host has not
    (0.36, `pkg/controllers/resources/gatewayclasses`).
    """
    preview = spec.preview
    if preview is None or not spec.cluster.host.ingress.gateway:
        return
    if preview.router == "gateway-api" or (preview.router == "auto" and preview.strategy == "canary"):
        raise SpecError(
            "preview.router: gateway-api can't be used where cluster.host.ingress.gateway is set: the environment has "
            "the GatewayClasses of its host, and no Gateway of its own.",
            hint="Leave out `gateway` (the host serves Ingresses then), or take `router: replicas` or `blue-green`.",
        )


def check_same_kind(spec: Spec, state: dict[str, Any], policy: Policy) -> None:
    """What can't be changed in a running cluster must be asked for as it is. Raises ClusterError.

    ``state`` is what the cluster says of itself, ``policy`` what is in force in it.
    """
    asked = resolve(spec.isolation)
    version = spec.cluster.kubernetes
    same_version = f"{state['kubernetes']}.".startswith(f"{version}.")
    wanted = {
        "nodes": spec.cluster.nodes,
        "pod-network": _pod_network(spec),
        "kubernetes": state["kubernetes"] if not version or same_version else version,
        "pod-security": asked.pod_security or "privileged",
    }
    if spec.cluster.nodes == "real":  # the edge is made once
        state, wanted = (
            {**state, "network rules": policy.network_rules},
            {**wanted, "network rules": asked.network_rules},
        )
    differences = [f"{key} {state[key]}, asked for: {value}" for key, value in wanted.items() if value != state[key]]
    if differences:
        raise ClusterError(
            f"environment {spec.name} runs with {'; '.join(differences)}. This can't be changed while it runs.",
            hint=f"Remove it first: `ephemeral down {spec.name}`.",
        )
