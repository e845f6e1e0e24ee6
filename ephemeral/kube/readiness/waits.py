"""The wait until objects are ready: fails fast, ends at one deadline, tells every change of state."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ephemeral.errors import WaitError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object, subject
from ephemeral.kube.readiness.judge import is_awaited, judge
from ephemeral.kube.readiness.others import named_condition
from ephemeral.kube.readiness.report import wait_error, workload_error
from ephemeral.kube.readiness.verdict import Verdict, failed, pending, ready
from ephemeral.kube.readiness.world import World
from ephemeral.kube.refusals import passes
from ephemeral.kube.transport import ApiError
from ephemeral.progress import Progress, Silent
from ephemeral.spec.model import Condition
from ephemeral.waiting import Deadline, NotYet, wait_until

_LONGEST_PAUSE = 0.5


def wait_ready(
    kube: Kube,
    objects: Iterable[Object],
    *,
    deadline: Deadline,
    progress: Progress | None = None,
    conditions: Sequence[Condition] = (),
    since: datetime | None = None,
) -> None:
    """Wait until all objects are ready and all conditions hold.

    Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, Pods, CRDs, APIServices and PersistentVolumeClaims are
    awaited, other kinds are ready once they are there. ``since``, on the server's clock, is when the deployment began:
    warnings before it belong to an earlier one (default: now).

    Raises WorkloadError at once when an object can't become ready; WaitError with the last states at ``deadline``;
    SpecError when a condition names a kind that the cluster has not.
    """
    awaited = [_Awaited.named(kube, each) for each in conditions]
    awaited += [_Awaited(item=item) for item in objects if is_awaited(item)]
    if awaited:
        since = since or kube.transport.server_time()
        Readiness(kube, awaited, since, progress or Silent()).until(deadline)


def readiness_of(
    kube: Kube, objects: Iterable[Object], *, namespace: str, since: datetime, progress: Progress | None = None
) -> "Readiness":
    """A probe for objects of one namespace, for waits that look at other things too; it asks for no other namespace."""
    return Readiness(kube, [_Awaited(item=item) for item in objects], since, progress or Silent(), namespace=namespace)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Awaited:
    """An object to wait for; ``condition`` replaces what its kind is usually judged by."""

    item: Object
    condition: str = ""

    @classmethod
    def named(cls, kube: Kube, wanted: Condition) -> "_Awaited":
        kind, _, name = wanted.resource.partition("/")
        resource = kube.discovery.by_name(kind)
        metadata = {"name": name, **({"namespace": wanted.namespace} if resource.namespaced else {})}
        item = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        return cls(item=item, condition=wanted.condition)

    @property
    def title(self) -> str:
        return f"{subject(self.item)} {self.condition}".strip()

    def verdict(self, world: World) -> Verdict:
        live = world.find(self.item)
        if live is None:
            return self._gone()
        return named_condition(live, self.condition) if self.condition else judge(live, world.scene(live))

    def _gone(self) -> Verdict:
        if self.condition:
            return pending("not there yet")
        if self.item["kind"] == "Job" and "ttlSecondsAfterFinished" in self.item["spec"]:
            return ready("finished and removed")
        return failed("somebody deleted it")


class Lasting:
    """Remembers since when each failure has been seen on end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def counts(self, title: str, verdict: Verdict) -> bool:
        """Whether a failure has lasted for as long as it has to; any other verdict forgets it."""
        if not verdict.failed:
            self._since.pop(title, None)
            return False
        return self._clock() - self._since.setdefault(title, self._clock()) >= verdict.lasting


class Readiness:
    """Whether all of some objects are ready, asked again and again: `probe` raises until they are."""

    def __init__(
        self,
        kube: Kube,
        awaited: Sequence[_Awaited],
        since: datetime,
        progress: Progress,
        *,
        namespace: str | None = None,
    ) -> None:
        """``namespace``: nothing outside of it is asked for."""
        self._kube, self._awaited, self._since, self._progress = kube, awaited, since, progress
        self._namespace = namespace
        self._kinds = {(each.item["apiVersion"], each.item["kind"]) for each in awaited}
        self._lasting = Lasting()
        self._states: dict[str, Verdict] = {}
        self._world: World | None = None

    def until(self, deadline: Deadline) -> None:
        """Wait; errors as in `wait_ready`."""
        try:
            wait_until(self.probe, deadline=deadline, what="ready", max_interval=_LONGEST_PAUSE)
        except WaitError as error:
            raise wait_error(deadline.seconds, self._states, self._world, error.observed) from None

    def probe(self) -> None:
        """Raises NotYet, and WorkloadError as soon as waiting is useless."""
        world = self._world = self._look()
        verdicts = [(each, each.verdict(world)) for each in self._awaited]
        for each, verdict in verdicts:
            self._tell(each.title, verdict)
        # A list: each failure's time runs from when it was first seen, so all have to be looked at.
        counting = [each for each, verdict in verdicts if self._lasting.counts(each.title, verdict)]
        if counting:
            failures = [(world.find(each.item) or each.item, verdict) for each, verdict in verdicts if verdict.failed]
            raise workload_error(self._kube, world, failures)
        missing = [verdict for _, verdict in verdicts if verdict.state != "ready"]
        if missing:
            raise NotYet(f"{len(missing)} of {len(verdicts)} objects are not ready")

    def _look(self) -> World:
        try:
            return World.look(self._kube, self._kinds, since=self._since, namespace=self._namespace)
        except ApiError as error:
            if passes(error):
                raise NotYet(error.message) from error
            raise

    def _tell(self, title: str, verdict: Verdict) -> None:
        before = self._states.get(title)
        self._states[title] = verdict
        if before is None or (before.text, before.state) != (verdict.text, verdict.state):
            self._progress.state(title, verdict.text, readiness=verdict.state)
