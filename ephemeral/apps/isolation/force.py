"""A quota that is stored is not yet a quota that counts."""

from collections.abc import Sequence

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.waiting import Deadline, NotYet, wait_until


def put_in_force(kube: Kube, quotas: Sequence[Object], *, deadline: Deadline) -> None:
    """Return once the API server enforces each quota as it is written now.

    Admission compares with ``status.hard``, which the quota controller fills in, a second or more after a cluster's
    start. A quota without status is new, so nothing is lost by writing its status here; the controller then counts
    what is used. A changed one is left to the controller. Raises WaitError.
    """
    for quota in quotas:
        metadata, hard = quota["metadata"], quota["spec"]["hard"]
        if not (quota.get("status") or {}).get("hard"):
            status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
            place = {"namespace": metadata["namespace"], "subresource": "status"}
            kube.patch("v1", "ResourceQuota", metadata["name"], {"status": status}, **place)
    for quota in quotas:
        _await(kube, quota, deadline)


def _await(kube: Kube, quota: Object, deadline: Deadline) -> None:
    name, namespace = quota["metadata"]["name"], quota["metadata"]["namespace"]

    def attempt() -> None:
        found = kube.get("v1", "ResourceQuota", name, namespace) or {}
        if (found.get("status") or {}).get("hard") != quota["spec"]["hard"]:
            raise NotYet("the quota controller has not taken it up")

    wait_until(attempt, deadline=deadline, what=f"ResourceQuota {namespace}/{name} in force", interval=0.02)
