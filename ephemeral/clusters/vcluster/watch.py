"""The wait for a control plane on the host: its exported kubeconfig, or at once why there will be none."""

from collections.abc import Callable

from ephemeral.clusters.vcluster.access import exported_secret
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import ClusterError, WorkloadError
from ephemeral.kube.objects import Object
from ephemeral.kube.readiness.waits import Readiness, readiness_of
from ephemeral.kube.transport import ApiError
from ephemeral.waiting import Deadline, NotYet, wait_until

#: The host's API is asked for one Secret often, and for all that explains a failure seldom.
_SECRET_SECONDS = 0.15
_LOOKS = 6


def await_export(stamp: Stamp, deadline: Deadline) -> Object:
    """Return the Secret with the kubeconfig once vcluster has exported it.

    Raises ClusterError in the host's own words as soon as the control plane can't start; WaitError.
    """
    kube = stamp.host.kube
    since = stamp.host.now()
    readiness: Readiness | None = None
    asked = 0

    def attempt() -> Object:
        nonlocal readiness, asked
        asked += 1
        try:
            return exported_secret(stamp)
        except NotYet as nothing:
            if asked % _LOOKS:
                raise
            workload = control_plane(stamp)
            if workload is None:
                raise NotYet(f"{nothing}: the chart is being installed") from nothing
            if readiness is None:
                readiness = readiness_of(kube, [workload], namespace=stamp.namespace, since=since)
            _look(readiness.probe, stamp)
            raise
        except ApiError as error:
            raise NotYet(error.message) from error

    what = f"control plane of {stamp.name}"
    return wait_until(attempt, deadline=deadline, what=what, interval=_SECRET_SECONDS, max_interval=_SECRET_SECONDS)


def control_plane(stamp: Stamp) -> Object | None:
    """The workload that runs the environment's API: a Deployment, or with a volume a StatefulSet."""
    for kind in ("Deployment", "StatefulSet"):
        if found := stamp.host.kube.get("apps/v1", kind, stamp.name, stamp.namespace):
            return found
    return None


def why_not(stamp: Stamp) -> str:
    """Why the control plane is not ready now; empty when it is."""
    workload = control_plane(stamp)
    if workload is None:
        return f"{stamp.title} has no control plane"
    readiness = readiness_of(stamp.host.kube, [workload], namespace=stamp.namespace, since=stamp.host.now())
    try:
        readiness.probe()
    except NotYet as state:
        return f"its control plane is not ready: {state}"
    except WorkloadError as error:
        return error.message
    return ""


def _look(probe: Callable[[], None], stamp: Stamp) -> None:
    try:
        probe()
    except NotYet as state:
        raise NotYet(f"control plane not ready: {state}") from state
    except WorkloadError as error:
        raise ClusterError(
            f"the control plane of {stamp.name} can't start on the host:\n{error.message}", hint=error.hint
        ) from error
