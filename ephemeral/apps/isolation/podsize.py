"""What one pod takes: requests and limits as admission will complete them, summed as the scheduler sums them."""

from collections.abc import Mapping
from typing import Any

from ephemeral.apps.isolation.amounts import Amounts, highest, total
from ephemeral.spec.presets import Policy
from ephemeral.spec.quantities import parse_quantity


def pod_size(spec: Mapping[str, Any], policy: Policy) -> Amounts:
    """``requests.*`` and ``limits.*`` of a pod under the policy's defaults.

    Init containers run one by one before the others, except those that stay (``restartPolicy: Always``).
    """
    running: Amounts = {}
    peaks: list[Amounts] = []
    for each in spec.get("initContainers") or ():
        with_it = total([running, _container(each, policy)])
        peaks.append(with_it)
        if each.get("restartPolicy") == "Always":
            running = with_it
    main = total([running, *(_container(each, policy) for each in spec.get("containers") or ())])
    return {**highest([main, *peaks]), **_stated(spec.get("resources") or {})}


def _container(container: Mapping[str, Any], policy: Policy) -> Amounts:
    stated = container.get("resources") or {}
    limits, requests = stated.get("limits") or {}, stated.get("requests") or {}
    # The API server copies a stated limit to a missing request; the LimitRange fills what is missing then.
    defaults = {**policy.default_limits, **policy.default_requests}
    return _stated({"limits": {**policy.default_limits, **limits}, "requests": {**defaults, **limits, **requests}})


def _stated(resources: Mapping[str, Any]) -> Amounts:
    return {
        f"{side}.{name}": parse_quantity(str(quantity))
        for side in ("requests", "limits")
        for name, quantity in (resources.get(side) or {}).items()
    }
