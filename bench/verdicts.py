"""Measure the judge alone: ``python -m bench.verdicts [--rounds 5] [--rate 100] [--output DIR]``.

Baseline and candidate are processes on this machine that answer in 20 ms or so. Load comes at a steady rate, half of it
to each; the judge is asked after every request. Per case, in seconds from the first request and in requests:

* obvious: half of the candidate's requests fail
* subtle: 5 % fail, and 1 % of the baseline's
* slow: the candidate takes half as long again
* none: both are the same, 1 % fail

Requests that are sent late tell of a machine that is too busy: then the latencies are its own, not the server's.
There is no cluster in it: bench.previews measures whole previews.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.startup import machine
from ephemeral.previews.judge import ErrorRateCheck, Judge, LatencyCheck
from ephemeral.previews.load import Assigned, Destination, LoadPlan, generate
from ephemeral.previews.observations import Request

#: case: options of baseline and candidate, the verdict that is right
_CASES = {
    "obvious": ((), ("--errors", "0.5"), "fail"),
    "subtle": (("--errors", "0.01"), ("--errors", "0.05"), "fail"),
    "slow": ((), ("--seconds", "0.03"), "fail"),
    "none": (("--errors", "0.01"), ("--errors", "0.01"), "pass"),
}
_LONGEST_SECONDS = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    measured: dict[str, list[dict[str, Any]]] = {case: [] for case in _CASES}
    for number in range(options.rounds):
        for case, (baseline, candidate, _) in _CASES.items():
            with serving(*baseline) as old, serving(*candidate) as new:
                measured[case].append(judge(old, new, options.rate))
            print(f"round {number + 1}: {case}: {measured[case][-1]}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    facts = {"machine": machine(), "rate": options.rate, "rounds": measured}
    (options.output / "verdicts.json").write_text(json.dumps(facts, indent=2) + "\n")
    report(measured)


def judge(baseline: str, candidate: str, rate: float) -> dict[str, Any]:
    """One preview, from the first request to the verdict."""
    asked, stop, judge = Counter[str](), threading.Event(), Judge([ErrorRateCheck(), LatencyCheck()])
    begin = time.monotonic()
    seconds = 0.0

    def hear(request: Request) -> None:
        nonlocal seconds
        asked[request.arm] += 1
        judge.add(request)
        if judge.decided and not stop.is_set():
            seconds = time.monotonic() - begin
            stop.set()

    routing = Assigned(baseline=Destination(url=baseline), candidate=Destination(url=candidate))
    summary = generate(LoadPlan(routing=routing, rate=rate, seconds=_LONGEST_SECONDS), hear, stop)
    verdict = judge.verdict()
    return {
        "verdict": verdict.outcome,
        "seconds": round(seconds or summary.seconds, 2),
        "requests": verdict.decided_after or summary.sent,
        "at the candidate": asked["candidate"],
        "sent": summary.sent,
        "late": summary.late,
    }


@contextmanager
def serving(*options: str) -> Iterator[str]:
    server = subprocess.Popen([sys.executable, "-m", "bench.faulty", *options], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.wait()


def report(measured: dict[str, list[dict[str, Any]]]) -> None:
    print("\n| case | verdicts | seconds (median) | slowest | requests (median) | at the candidate | sent late |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    wrong = 0
    for case, rounds in measured.items():
        right = _CASES[case][2]
        wrong += sum(one["verdict"] != right for one in rounds)
        verdicts = ", ".join(f"{number} {name}" for name, number in Counter(one["verdict"] for one in rounds).items())
        middle = {key: statistics.median(one[key] for one in rounds) for key in ("seconds", "requests")}
        candidate = statistics.median(one["at the candidate"] for one in rounds)
        late = statistics.median(one["late"] / one["sent"] for one in rounds)
        slowest = max(one["seconds"] for one in rounds)
        print(
            f"| {case} | {verdicts} | {middle['seconds']:.1f} | {slowest:.1f} | {middle['requests']:.0f} "
            f"| {candidate:.0f} | {100 * late:.0f} % |"
        )
    print(f"\n{wrong} verdicts that are not right")


if __name__ == "__main__":
    main()
