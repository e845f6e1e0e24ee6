"""What makes an environment on a host usable beyond an API that answers: its DNS, and its policy in force."""

from typing import TYPE_CHECKING

from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import ClusterError, WorkloadError
from ephemeral.kube.readiness.waits import readiness_of
from ephemeral.kube.transport import ApiError
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube

_ENFORCE = "pod-security.kubernetes.io/enforce"
_DNS = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "coredns", "namespace": "kube-system"}}


def await_dns(kube: "Kube", stamp: Stamp, deadline: Deadline) -> None:
    """Return once CoreDNS takes questions. Raises ClusterError when it can't run; WaitError.

    vcluster applies it in the background after its API answers, so at first there is none.
    """
    since = stamp.host.now()

    def attempt() -> None:
        try:
            found = kube.get("apps/v1", "Deployment", "coredns", "kube-system")
            if found is None:
                raise NotYet("CoreDNS has not been created yet")
            readiness_of(kube, [{**_DNS, **found}], namespace="kube-system", since=since).probe()
        except ApiError as error:
            raise NotYet(error.message) from error
        except WorkloadError as error:
            raise ClusterError(f"DNS of {stamp.name} can't start:\n{error.message}", hint=error.hint) from error

    wait_until(attempt, deadline=deadline, what="cluster DNS", interval=0.1, max_interval=0.3)


def await_policy(kube: "Kube", stamp: Stamp, deadline: Deadline) -> None:
    """Return once Pod Security is in force in `default`, and quota and network rules stand on the host."""
    policy, name = stamp.policy, stamp.name
    on_the_host = [("v1", "ResourceQuota", f"vc-{name}")] if policy.quota else []
    on_the_host += [("networking.k8s.io/v1", "NetworkPolicy", f"vc-work-{name}")] if policy.network else []

    def attempt() -> None:
        try:
            if policy.pod_security:
                labels = (kube.get("v1", "Namespace", "default") or {}).get("metadata", {}).get("labels") or {}
                if labels.get(_ENFORCE) != policy.pod_security:
                    raise NotYet("namespace default has no Pod Security label yet")
            for version, kind, title in on_the_host:
                if stamp.host.kube.get(version, kind, title, stamp.namespace) is None:
                    raise NotYet(f"{kind} {title} is not on the host yet")
        except ApiError as error:
            raise NotYet(error.message) from error

    wait_until(attempt, deadline=deadline, what="isolation policy in force", interval=0.05, max_interval=0.3)
