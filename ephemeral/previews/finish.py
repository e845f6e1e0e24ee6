"""The two ends of a preview. Every step may be done again, so whoever takes over begins at the first one."""

from collections.abc import Sequence

from ephemeral.errors import PreviewError
from ephemeral.kube.objects import Object
from ephemeral.previews.asking import wait_only
from ephemeral.previews.copies import promoted, remove_copies
from ephemeral.previews.hold import Hold
from ephemeral.previews.names import LABEL
from ephemeral.previews.routers import Router, Stage
from ephemeral.previews.state import State
from ephemeral.waiting import Deadline, NotYet, wait_until

#: Enough to notice one lost request in fifty, few enough to take less than a second.
_PROOF_REQUESTS = 200
_PROOF_SECONDS = 60.0
_GONE_SECONDS = 60.0


def promote(hold: Hold, stage: Stage, router: Router, state: State) -> None:
    """Make the baseline what the candidate is, without a lost request, and remove the candidate.

    The candidate serves everything while the baseline's pods are replaced; before that, the old ones stay for the
    grace period, during which an abort goes back at once. Raises what `put` raises when the new baseline does not
    become ready; the candidate goes on serving then.
    """
    if not state.updated:
        hold.update("promoting: the candidate gets everything", phase="promoting")
        effect = router.shift(100)
        hold.update(f"in effect: {effect}", weight=100)
        hold.wait(state.grace)
    hold.heeding = False
    hold.update("the baseline is updated", phase="promoting", updated=True)
    if objects := promoted(stage.kube, stage.namespace, stage.baseline):
        stage.put(objects)
    effect = router.shift(0)
    hold.update(f"the baseline is what the candidate was; the candidate has {effect}", weight=0)
    hold.wait(state.grace)
    _remove(stage, router)
    prove(stage)
    hold.update("promoted", phase="promoted", asked="")


def abort(hold: Hold, stage: Stage, router: Router, state: State) -> None:
    """Give the candidate nothing any more, then remove it, then see by requests that the baseline answers all.

    Raises PreviewError once the baseline has begun to become the candidate, WaitError when it does not answer.
    """
    if state.updated:
        raise PreviewError(
            "the baseline is being made what the candidate is: there is nothing to go back to.",
            hint="`ephemeral preview promote` ends what was begun; deploy the old version again afterwards.",
        )
    hold.heeding = False
    hold.update("aborting", phase="aborting")
    effect = router.shift(0)
    hold.update(f"in effect: {effect}", weight=0)
    hold.wait(state.grace)
    _remove(stage, router)
    prove(stage)
    hold.update("aborted: the baseline answers everything", phase="aborted", asked="")


def prove(stage: Stage) -> None:
    """Return once many requests on end were answered by the baseline: nobody else is there. Raises WaitError."""
    for service in stage.baseline.services:
        metadata = service["metadata"]
        url = stage.url(metadata["name"], service["spec"]["ports"][0]["port"])
        wait_only(url, "baseline", times=_PROOF_REQUESTS, deadline=Deadline(_PROOF_SECONDS))


def _remove(stage: Stage, router: Router) -> None:
    router.release()
    remove_copies(stage.kube, stage.namespace)

    def attempt() -> None:
        if left := _candidate_pods(stage):
            raise NotYet(f"{len(left)} pods of the candidate are ending")

    wait_until(attempt, deadline=Deadline(_GONE_SECONDS), what="the candidate gone", max_interval=0.5)


def _candidate_pods(stage: Stage) -> Sequence[Object]:
    return stage.kube.list("v1", "Pod", namespace=stage.namespace, labels=f"{LABEL}=candidate")
