"""What a preview's transitions do to users' requests: how soon a weight is in effect, and how many requests are lost.

Whole previews of an app that never fails, under a steady rate: canary and blue-green, each promoted once and aborted
once. While both arms are there, everything is given to the candidate and back, several times:

* effect: from before the write until the last request that the old arm still answers was started
* returned: from before the write until `shift` has returned, which is to be later
* stragglers: requests that were started after that, and answered by the old arm all the same
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faulty_app import candidate
from bench.recorder import Recorder
from bench.users import users
from ephemeral import Environment
from ephemeral.kube.objects import Manifest, Object
from ephemeral.previews.baseline import find_baseline
from ephemeral.previews.observations import Arm, Request
from ephemeral.previews.routers import Router, Stage, router_named
from ephemeral.previews.routers.classes import OWN
from ephemeral.spec.preview_model import Candidate, Preview, RouterName, Step, Strategy

_SWINGS = 3
#: So that requests show what is in effect once `shift` has returned.
_BETWEEN_SECONDS = 0.5
_ROUTERS: dict[Strategy, RouterName] = {"canary": "gateway-api", "blue-green": "service"}


@dataclass(frozen=True, kw_only=True)
class _Swing:
    old: Arm
    begin: float
    returned: float


def transitions(
    env: Environment, recorder: Recorder, strategy: Strategy, end: str, *, app: str, rate: float, folder: Path
) -> dict[str, Any]:
    """One preview of ``app``, ended by `promote` or `abort`."""
    patch = folder / "transitions.json"
    patch.write_text(json.dumps(candidate(app, "default", 0.0, f"{strategy} {end} {time.time()}")))
    weights = (Step(weight=10), Step(weight=50)) if strategy == "canary" else ()
    preview = env.preview(
        Preview(
            service=(app,),
            strategy=strategy,
            candidate=Candidate(patch=(str(patch),)),
            steps=(*weights, Step(pause="promote")),
            gateway_class=OWN,
            grace="1s",
        )
    )
    with users(env.url(app), rate, lambda pod: pod.startswith(f"{app}-preview-")) as heard:
        preview.start()
        router = router_named(_ROUTERS[strategy], _stage(env, app))
        swings = [_swing(router, percent) for _ in range(_SWINGS) for percent in (100, 0)]
        state = preview.promote() if end == "promote" else preview.abort()
    lost = [each for each in heard if each.failed]
    return {
        "phase": state.phase,
        "sent": len(heard),
        "lost": len(lost),
        "lost after": sorted({f"{recorder.before(each.started)}: {each.error or each.status}" for each in lost}),
        "effect": [_effect(each, heard) for each in swings],
        "returned": [each.returned - each.begin for each in swings],
        "stragglers": sum(_stragglers(each, heard) for each in swings),
    }


def _swing(router: Router, percent: int) -> _Swing:
    begin = time.time()
    router.shift(percent)
    returned = time.time()
    time.sleep(_BETWEEN_SECONDS)
    return _Swing(old="baseline" if percent else "candidate", begin=begin, returned=returned)


def _effect(swing: _Swing, heard: Sequence[Request]) -> float:
    old = (each.started for each in heard if each.arm == swing.old and swing.begin <= each.started <= swing.returned)
    return max(old, default=swing.begin) - swing.begin


def _stragglers(swing: _Swing, heard: Sequence[Request]) -> int:
    after = (each for each in heard if swing.returned < each.started < swing.returned + _BETWEEN_SECONDS)
    return sum(each.arm == swing.old for each in after)


def _stage(env: Environment, app: str) -> Stage:
    def put(objects: Sequence[Object]) -> None:
        env.deploy([Manifest(object=each, origin="bench") for each in objects])

    return Stage(
        kube=env.kube,
        baseline=find_baseline(env.kube, [app], namespace="default", ready=False),
        put=put,
        url=lambda service, port: env.url(service, port=port),
        progress=env.progress,
        gateway_class=OWN,
    )
