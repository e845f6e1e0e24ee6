"""Server-side apply of many objects in the right order, several at a time."""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event

from ephemeral.errors import WaitError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object, subject
from ephemeral.kube.order import Stage, stage_of
from ephemeral.kube.preflight import prepare
from ephemeral.kube.readiness.waits import wait_ready
from ephemeral.kube.refusals import passes, refused, words_of
from ephemeral.kube.transport import CONNECTIONS, ApiError
from ephemeral.progress import Progress, Silent
from ephemeral.waiting import Deadline, NotYet, wait_until

_LONGEST_PAUSE = 0.5


def apply_all(
    kube: Kube, manifests: Sequence[Manifest], *, deadline: Deadline, progress: Progress | None = None
) -> list[Object]:
    """Apply every object and return what the server made of each, in the order given.

    Namespaces and CRDs go first, custom resources last (see ``order.py``); within a stage, eight at a time. What passes
    by itself (a webhook that is starting, a quota being counted) is tried again until ``deadline``; anything else is
    a refusal, and all refusals of a stage are reported together.

    Raises ApplyError; WaitError when a CRD is not established by ``deadline``.
    """
    progress = progress or Silent()
    ready = prepare(kube, manifests)
    applied: dict[int, Object] = {}
    for stage in Stage:
        chosen = [index for index, item in enumerate(ready) if stage_of(item.object) is stage]
        results = _apply_stage(kube, [ready[index] for index in chosen], deadline=deadline, progress=progress)
        applied.update(zip(chosen, results, strict=True))
        if stage is Stage.DEFINITIONS and results:
            wait_ready(kube, results, deadline=deadline, progress=progress)
    return [applied[index] for index in range(len(ready))]


def _apply_stage(kube: Kube, items: Sequence[Manifest], *, deadline: Deadline, progress: Progress) -> list[Object]:
    interrupted = Event()
    pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="apply")
    try:
        attempts = [pool.submit(_apply, kube, item, deadline, progress, interrupted) for item in items]
        done, _ = wait(attempts, return_when=FIRST_EXCEPTION)
        for attempt in done:
            attempt.result()
        outcomes = [attempt.result() for attempt in attempts]
    finally:
        # After an interrupt or a failure of ours nobody waits for the objects that are still being tried.
        interrupted.set()
        pool.shutdown(wait=False, cancel_futures=True)
    refusals = [(item, each) for item, each in zip(items, outcomes, strict=True) if isinstance(each, str)]
    if refusals:
        raise refused(refusals)
    return [each for each in outcomes if not isinstance(each, str)]


def _apply(kube: Kube, item: Manifest, deadline: Deadline, progress: Progress, interrupted: Event) -> Object | str:
    """Apply one object; a refusal is returned as the server's words, so that others are still tried."""
    name = subject(item.object)

    def attempt() -> Object:
        try:
            return kube.apply(item.object)
        except ApiError as error:
            if passes(error) and not interrupted.is_set():
                raise NotYet(words_of(error, item.object)) from error
            raise

    def pause(seconds: float) -> None:
        interrupted.wait(seconds)

    try:
        return wait_until(
            attempt,
            deadline=deadline,
            what=f"{name} applied",
            max_interval=_LONGEST_PAUSE,
            on_observation=lambda observed: progress.state(name, observed),
            sleep=pause,
        )
    except ApiError as error:
        return words_of(error, item.object)
    except WaitError as error:
        return f"{error.observed} (tried for {deadline.seconds:g} s)"
