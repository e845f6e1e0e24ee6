"""A quota that is stored is not yet a quota that counts."""

from collections.abc import Sequence

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.waiting import Deadline, NotYet, wait_until


def put_in_force(kube: Kube, quotas: Sequence[Object], *, deadline: Deadline) -> None:
    """Return once the API server enforces each quota as it is written now.

    Admission compares with ``status``, which the quota controller brings up to date: a second after a cluster's start,
    and up to a minute after a CRD came or went, while it waits for informers. So the status is written here; what the
    controller has counted stays, and it goes on counting. Raises WaitError.
    """
    for quota in quotas:
        status = _status_to_write(quota)
        if status:
            metadata = quota["metadata"]
            place = {"namespace": metadata["namespace"], "subresource": "status"}
            kube.patch("v1", "ResourceQuota", metadata["name"], {"status": status}, **place)
    for quota in quotas:
        _await(kube, quota, deadline)


def _status_to_write(quota: Object) -> Object:
    """What has to change in the status, as a merge patch; empty when it is in force already."""
    hard, status = quota["spec"]["hard"], quota.get("status") or {}
    before = status.get("hard") or {}
    if before == hard:
        return {}
    uncounted = hard.keys() - (status.get("used") or {}).keys()
    return {"hard": {**dict.fromkeys(before), **hard}, "used": dict.fromkeys(uncounted, "0")}


def _await(kube: Kube, quota: Object, deadline: Deadline) -> None:
    name, namespace = quota["metadata"]["name"], quota["metadata"]["namespace"]

    def attempt() -> None:
        found = kube.get("v1", "ResourceQuota", name, namespace) or {}
        if (found.get("status") or {}).get("hard") != quota["spec"]["hard"]:
            raise NotYet("its status is not up to date")

    wait_until(attempt, deadline=deadline, what=f"ResourceQuota {namespace}/{name} in force", interval=0.02)
