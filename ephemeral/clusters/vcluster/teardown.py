"""Removing an environment from its host, and proving that nothing of it is left.

What lives outside the namespace goes first, then what is in it, the namespace (or the stamp) last. Only what carries
our lease is touched.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ephemeral.clusters.vcluster.given import GivenNamespace
from ephemeral.clusters.vcluster.own import OwnNamespace
from ephemeral.clusters.vcluster.remains import cluster_scoped, names_of
from ephemeral.clusters.vcluster.stamp import Stamp, find_stamp
from ephemeral.errors import ClusterError, WaitError
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.clusters.vcluster.host import HostCluster

DELETE_SECONDS = 120.0
_REFUSED = (401, 403)
Value = TypeVar("Value")


def delete(
    host: "HostCluster", name: str, *, force: bool = False, only: str = "", seconds: float = DELETE_SECONDS
) -> bool:
    """Remove the environment ``name``; False when there was none.

    ``only`` is the uid that it must have: whoever acts late removes no successor of the same name. ``force`` strips
    finalizers from its objects when they hold it up.

    Raises NameTakenError and ClusterError for what is not ours, ClusterError naming what is left after ``seconds``.
    """
    deadline = Deadline(seconds)
    what = f"end of {name}"
    stamp = wait_until(lambda: _patiently(lambda: find_stamp(host, name)), deadline=deadline, what=what)
    if stamp is None or (only and stamp.uid != only):
        return False
    stamp.check_ours()
    place = OwnNamespace(stamp, force=force) if stamp.owns_namespace else GivenNamespace(stamp, force=force)

    def attempt() -> None:
        _patiently(lambda: _remove(host, place, stamp))

    try:
        wait_until(attempt, deadline=deadline, what=what, interval=0.1, max_interval=0.4)
    except WaitError as error:
        hint = None if force else f"`ephemeral down --force {name}` strips finalizers, from its own objects only."
        raise ClusterError("\n".join([error.message, *place.why_stuck()]), hint=hint) from error
    return True


def _remove(host: "HostCluster", place: "OwnNamespace | GivenNamespace", stamp: Stamp) -> None:
    outside = cluster_scoped(host, stamp.name, stamp.namespace)
    for each in outside:
        _delete(host, each)
    left = [*place.remove(), *outside]
    if left:
        raise NotYet(f"still there: {names_of(left)}")


def _delete(host: "HostCluster", item: Object) -> None:
    host.kube.delete(item["apiVersion"], item["kind"], item["metadata"]["name"])


def _patiently(ask: Callable[[], Value]) -> Value:
    """What the host can't answer just now is asked again; what it refuses is not."""
    try:
        return ask()
    except ApiError as error:
        if error.status in _REFUSED:
            raise
        raise NotYet(error.message) from error
