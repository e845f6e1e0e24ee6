"""Measure whole previews against Flagger: ``python -m bench.previews [--rounds 2] [--rate 50] [--output DIR]``.

One environment with real nodes, two apps that answer in 20 ms or so: `steady` never fails, `flaky` fails 1 % of its
requests. Each round gives both the same candidates, interleaved, and the same number of requests a second:

* obvious: half of the candidate's requests fail (of `steady`)
* subtle: 5 % fail (of `flaky`)
* none: a candidate that is no other, of `steady`
* none-flaky: one of `flaky`

Seconds from the call of `start()`, or the change of Flagger's target, until the candidate gets nothing any more; of
one that passes, until it is promoted. Ours have the defaults: half of the requests each, 20 to warm up, `errors` and
`p95` compared; theirs are in bench.flagger. Both gateways are there beforehand. Flagger goes by its clock, not by
requests, so it does two cases at once. At 1 % of errors `flaky` stands on the very limit of Flagger's guide, which
knows no baseline: another limit would raise fewer alarms there, and be later for `subtle`.

Then bench.transitions. It needs `prometheus` on PATH. Run it on a quiet machine: the load comes from it, too.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import faulty_app
from bench.flagger import SETTINGS, Flagger, flagger
from bench.recorder import Recorder
from bench.startup import machine
from bench.transitions import transitions
from ephemeral import Environment, up
from ephemeral.kube.objects import Manifest
from ephemeral.previews.observations import read_requests
from ephemeral.previews.records import REQUESTS
from ephemeral.previews.routers.classes import OWN
from ephemeral.spec.model import Cluster, Isolation, Spec
from ephemeral.spec.preview_model import Candidate, Load, Preview, Strategy
from ephemeral.tools.places import cache_dir
from tests.images import traefik_image
from tests.python_image import python_image

#: The part of the requests that fails
_APPS = {"steady": 0.0, "flaky": 0.01}
#: case: app, the part of the candidate's requests that fails, the verdict that is right
_CASES = {
    "obvious": ("steady", 0.5, "fail"),
    "subtle": ("flaky", 0.05, "fail"),
    "none": ("steady", 0.0, "pass"),
    "none-flaky": ("flaky", 0.01, "pass"),
}
#: Cases of different apps, which Flagger does at once.
_TURNS = (("obvious", "subtle"), ("none", "none-flaky"))
_ENDS: tuple[tuple[Strategy, str], ...] = (
    ("canary", "promote"), ("canary", "abort"), ("blue-green", "promote"), ("blue-green", "abort"),
)  # fmt: skip

Rounds = dict[str, dict[str, list[dict[str, Any]]]]
Moves = dict[str, list[dict[str, Any]]]

#: title, what is measured, its bound, the aim
_BOUNDS: list[tuple[str, Callable[[Rounds, Moves], float], float, float]] = [
    ("obvious: seconds until caught / Flagger's", lambda r, _: _ratio(r, "obvious", "seconds"), 0.15, 0.1),
    ("subtle: seconds until caught / Flagger's", lambda r, _: _ratio(r, "subtle", "seconds"), 0.6, 0.3),
    (
        "obvious: requests to the candidate / Flagger's",
        lambda r, _: _ratio(r, "obvious", "at the candidate"),
        0.3,
        0.15,
    ),
    ("subtle: requests to the candidate / Flagger's", lambda r, _: _ratio(r, "subtle", "at the candidate"), 1.0, 0.5),
    ("false alarms without a difference", lambda r, _: _alarms(r, "ephemeral"), 0, 0),
    ("bad candidates that were not caught", lambda r, _: _missed(r, "ephemeral"), 0, 0),
    ("gateway: weight to its effect, seconds", lambda _, m: _effect(m, "canary"), 0.5, 0.2),
    ("Service: switch to its effect, seconds", lambda _, m: _effect(m, "blue-green"), 0.5, 0.1),
    ("requests lost at transitions", lambda _, m: _sum(m, "lost"), 0, 0),
    ("requests to the old arm after `shift` returned", lambda _, m: _sum(m, "stragglers"), 0, 0),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    load_before = os.getloadavg()
    rounds: Rounds = {name: {case: [] for case in _CASES} for name in ("ephemeral", "flagger")}
    moves: Moves = {strategy: [] for strategy, _ in _ENDS}
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {"EPHEMERAL_CACHE_DIR": str(cache_dir()), "EPHEMERAL_STATE_DIR": str(folder / "state")}
        recorder = Recorder()
        spec = Spec(name="bench-host", cluster=Cluster(), isolation=Isolation(preset="none"), ttl="2h")
        with up(spec, progress=recorder) as env:
            put_apps(env)
            for strategy, end in _ENDS:  # the first one installs the gateway, too
                moved = transitions(env, recorder, strategy, end, app="steady", rate=options.rate, folder=folder)
                moves[strategy].append(moved)
                print(f"{strategy}, {end}: {moved}", flush=True)
            with flagger(env, folder, _APPS) as peer:
                for number in range(options.rounds):
                    for turn in _TURNS:
                        compare(env, recorder, peer, turn, number, options.rate, folder, rounds)
                    facts = {"cores": os.cpu_count(), "load-before": load_before, "load-after": os.getloadavg()}
                    body = {"machine": facts | machine(), "rate": options.rate, "flagger": SETTINGS}
                    body |= {"rounds": rounds, "transitions": moves}
                    (options.output / "previews.json").write_text(json.dumps(body, indent=2) + "\n")
    report(rounds, moves)


def put_apps(env: Environment) -> None:
    for image in (python_image(), traefik_image()):
        env.load_image(image)
    objects = [
        each
        for app, errors in _APPS.items()
        for each in (faulty_app.deployment(app, "default", errors), faulty_app.service(app, "default"))
    ]
    env.deploy([Manifest(object=each, origin="bench") for each in objects])


def compare(
    env: Environment,
    recorder: Recorder,
    peer: Flagger,
    turn: tuple[str, str],
    number: int,
    rate: float,
    folder: Path,
    rounds: Rounds,
) -> None:
    """The cases of a turn: ours one after the other, then Flagger's at once."""
    for case in turn:
        rounds["ephemeral"][case].append(ours(env, recorder, case, number, rate, folder))
        print(f"round {number + 1}  ephemeral  {case:10} {rounds['ephemeral'][case][-1]}", flush=True)
    with ThreadPoolExecutor(len(turn)) as pool:
        begun = {
            case: pool.submit(peer.released, *_CASES[case][:2], revision=f"{case} {number}", rate=rate) for case in turn
        }
    for case, each in begun.items():
        rounds["flagger"][case].append(each.result())
        print(f"round {number + 1}  flagger    {case:10} {each.result()}", flush=True)


def ours(env: Environment, recorder: Recorder, case: str, number: int, rate: float, folder: Path) -> dict[str, Any]:
    """One preview, from the call to its end."""
    app, errors, _ = _CASES[case]
    patch, records = folder / f"{case}.json", folder / "records"
    patch.write_text(json.dumps(faulty_app.candidate(app, "default", errors, f"{case} {number}")))
    definition = Preview(
        service=(app,),
        candidate=Candidate(patch=(str(patch),)),
        load=Load(rate=int(rate), duration="2m"),
        gateway_class=OWN,  # beside Flagger's
        grace="1s",
    )
    begin = time.time()
    state = env.preview(definition).start(records=records)
    seen = list(read_requests(records / REQUESTS))
    if state.phase == "held":  # inconclusive
        env.preview().abort()
    moments = {
        "seconds to the verdict": "promote" if state.verdict == "pass" else "abort",
        "seconds": "promoted" if state.verdict == "pass" else "in effect: 0 %",
        "ready": "the candidate is ready",
    }
    return {
        "verdict": state.verdict,
        "sentence": state.sentence,
        "requests": len(seen),
        "at the candidate": sum(each.arm == "candidate" for each in seen),
        **{key: round(recorder.moment(text, begin) - begin, 2) for key, text in moments.items()},
    }


def report(rounds: Rounds, moves: Moves) -> None:
    print(f"\nFlagger: {SETTINGS}\n")
    print("  contender  case        verdicts         seconds  slowest  at the candidate (medians)")
    for name, cases in rounds.items():
        for case, each in cases.items():
            verdicts = ", ".join(f"{number} {verdict}" for verdict, number in Counter(_all(each, "verdict")).items())
            middle, slowest = _median(each, "seconds"), max(_all(each, "seconds"))
            reached = _median(each, "at the candidate")
            print(f"  {name:9}  {case:10}  {verdicts:15}  {middle:7.1f}  {slowest:7.1f}  {reached:7.0f}")
    runs = len(rounds["flagger"]["none"])
    for case in ("none", "none-flaky"):
        alarms = [_alarms({name: {case: rounds[name][case]}}, name) for name in rounds]
        print(f"  false alarms, {case}: ours {alarms[0]} of {runs}, Flagger's {alarms[1]} of {runs}")
    theirs = [one for runs in rounds["flagger"].values() for one in runs]
    print(f"  requests that nobody answered while Flagger worked: {sum(_all(theirs, 'unanswered'))}")
    for strategy, each in moves.items():
        effects = [seconds for one in each for seconds in one["effect"]]
        returned = [seconds for one in each for seconds in one["returned"]]
        lost, sent = sum(_all(each, "lost")), sum(_all(each, "sent"))
        print(
            f"  {strategy}: effect {statistics.median(effects):.2f} s, at most {max(effects):.2f}; "
            f"`shift` returns after {statistics.median(returned):.2f}, at most {max(returned):.2f}; "
            f"lost {lost} of {sent}"
        )
    print("\n  value   bound    aim")
    for title, value, bound, aim in _BOUNDS:
        verdict = "ok" if value(rounds, moves) <= bound else "MISSED"
        print(f"  {value(rounds, moves):5.2f}   {bound:5.2f}  {aim:5.2f}  {verdict:6}  {title}")


def _all(runs: list[dict[str, Any]], key: str) -> list[Any]:
    return [each[key] for each in runs]


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return statistics.median(_all(runs, key))


def _ratio(rounds: Rounds, case: str, key: str) -> float:
    return _median(rounds["ephemeral"][case], key) / _median(rounds["flagger"][case], key)


def _alarms(rounds: Rounds, name: str) -> int:
    return sum(
        each["verdict"] == "fail" for case, runs in rounds[name].items() if _CASES[case][2] == "pass" for each in runs
    )


def _missed(rounds: Rounds, name: str) -> int:
    return sum(
        each["verdict"] != "fail" for case, runs in rounds[name].items() if _CASES[case][2] == "fail" for each in runs
    )


def _effect(moves: Moves, strategy: str) -> float:
    return statistics.median(seconds for each in moves[strategy] for seconds in each["effect"])


def _sum(moves: Moves, key: str) -> float:
    return sum(each[key] for runs in moves.values() for each in runs)


if __name__ == "__main__":
    main()
