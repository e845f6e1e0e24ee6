"""Quota and limits of a running environment, changed on the host without the chart, which would restart it."""

from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.spec.presets import Policy


def put_amounts_in_force(stamp: Stamp, policy: Policy) -> None:
    """Make the chart's ResourceQuota and LimitRange say what the policy says. Raises ApiError."""
    kube, name, namespace = stamp.host.kube, f"vc-{stamp.name}", stamp.namespace
    before = stamp.policy
    hard = {**dict.fromkeys(before.quota), **policy.quota}
    if policy.quota and before.quota:
        kube.patch("v1", "ResourceQuota", name, {"spec": {"hard": hard}}, namespace=namespace)
    limits = {
        "type": "Container",
        "default": dict(policy.default_limits),
        "defaultRequest": dict(policy.default_requests),
    }
    if before.default_limits or before.default_requests:
        kube.patch("v1", "LimitRange", name, {"spec": {"limits": [limits]}}, namespace=namespace)
