"""Whether a quota leaves room for the control plane itself: told with the arithmetic before anything is created."""

from collections.abc import Iterator
from decimal import Decimal

from ephemeral.clusters.vcluster.values import CONTROL_PLANE, COPY_PROGRAMS, COREDNS
from ephemeral.errors import PolicyError
from ephemeral.spec.presets import Policy
from ephemeral.spec.quantities import parse_quantity

#: Objects that an environment without an app has on the host (seen with vcluster 0.36).
_OBJECTS = {"pods": 2, "services": 2, "secrets": 4, "configmaps": 2, "count/endpoints": 2}


def check_sizes(policy: Policy) -> None:
    """Refuse a quota that the control plane and CoreDNS alone would exceed. Raises PolicyError."""
    lines = list(_exceeded(policy))
    if lines:
        raise PolicyError(
            "isolation.quota leaves no room for the environment's own control plane:\n" + "\n".join(lines),
            hint="Raise these totals, or take them out with `unlimited`.",
        )


def _exceeded(policy: Policy) -> Iterator[str]:
    for name, amount in policy.quota.items():
        least = parse_quantity(amount)
        if name in _OBJECTS and least < _OBJECTS[name]:
            yield f"  {name}: {amount}, but it takes {_OBJECTS[name]}"
        side, _, resource = name.partition(".")
        if side not in ("requests", "limits"):
            continue
        parts = _parts(side, resource, policy)
        if least < sum(parts.values()):
            words = " + ".join(f"{_spell(value)} ({subject})" for subject, value in parts.items() if value)
            yield f"  {name}: {amount}, but it takes {words} = {_spell(sum(parts.values(), Decimal()))}"


def _parts(side: str, resource: str, policy: Policy) -> dict[str, Decimal]:
    """What admission will count: init containers run first, so the larger of both counts."""
    main, copy = (_stated(each, side, resource, policy) for each in (CONTROL_PLANE, COPY_PROGRAMS))
    return {"control plane": max(main, copy), "CoreDNS": _stated(COREDNS, side, resource, policy)}


def _stated(resources: dict[str, dict[str, str]], side: str, resource: str, policy: Policy) -> Decimal:
    defaults = policy.default_limits if side == "limits" else policy.default_requests
    return parse_quantity(resources[side].get(resource) or defaults.get(resource, "0"))


def _spell(value: Decimal) -> str:
    for unit, size in (("Gi", 2**30), ("Mi", 2**20)):
        if value >= size:
            return f"{(value / size).normalize():f}{unit}"
    return f"{value.normalize():f}"
