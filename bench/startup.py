"""Measure the start against the peers, interleaved in one run: ``python -m bench.startup [--rounds 5] [--output DIR]``.

It prints medians, ratios and whether they keep their bounds, and writes startup.json and startup.png. Run it on a
quiet machine: a start keeps two cores busy. The points in time are seconds from the first fork (of the library: from
the call):

* started: LIST of namespaces answers
* schedulable: the default ServiceAccount exists and a pod can be created
* ready: `/readyz` answers 200
"""

import argparse
import compileall
import json
import os
import platform
import signal
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ephemeral
from bench import contenders, peers
from bench.contenders import Figures
from bench.plot import plot
from ephemeral.tools import require

PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]


@dataclass(frozen=True)
class Claim:
    """``ours`` / ``peer`` (contender, figure) stays below ``bound``; without a peer, the figure in seconds does."""

    title: str
    ours: tuple[str, str]
    peer: tuple[str, str] | None
    bound: float
    aim: float

    def value(self, medians: dict[str, Figures]) -> float:
        value = medians[self.ours[0]][self.ours[1]]
        return value / medians[self.peer[0]][self.peer[1]] if self.peer else value


CLAIMS = [
    Claim("started, library / envtest's way", ("library", "started"), ("envtest", "started"), 0.6, 0.4),
    Claim("started, whole process / envtest's way", ("process", "started"), ("envtest", "started"), 0.6, 0.4),
    Claim("schedulable, library / kwokctl", ("library", "schedulable"), ("kwokctl", "schedulable"), 0.6, 0.35),
    Claim("schedulable, whole process / kwokctl", ("process", "schedulable"), ("kwokctl", "schedulable"), 0.6, 0.35),
    Claim("`up` returned / kwokctl ready", ("process", "returned"), ("kwokctl", "ready"), 0.8, 0.8),
    Claim("`down`, whole process, seconds", ("process", "down"), None, 0.3, 0.3),
    Claim("`--help` / `import click`", ("help", "seconds"), ("click", "seconds"), 1.8, 1.8),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    runners = runners_of(peers.find_kwokctl())
    compileall.compile_dir(Path(ephemeral.__path__[0]), quiet=1)  # as pip leaves an installed package
    load_before = os.getloadavg()
    rounds: dict[str, list[Figures]] = {name: [] for name in runners}
    for number in range(options.rounds):
        for name, runner in runners.items():
            rounds[name].append(runner())
            print(f"round {number + 1}  {name:8} {spell(rounds[name][-1])}", flush=True)
    medians = {name: medians_of(figures) for name, figures in rounds.items()}
    report(medians)
    facts = {"cores": os.cpu_count(), "load-before": load_before, "load-after": os.getloadavg(), **machine()}
    options.output.mkdir(parents=True, exist_ok=True)
    ratios = {claim.title: claim.value(medians) for claim in CLAIMS}
    body = {"machine": facts, "medians": medians, "ratios": ratios, "rounds": rounds}
    (options.output / "startup.json").write_text(json.dumps(body, indent=2))
    plot(rounds, options.output / "startup.png")
    print(f"\n{options.output}/startup.json and startup.png")


def runners_of(kwokctl: Path) -> dict[str, Callable[[], Figures]]:
    """Who is measured, in the order of each round."""
    programs = require(PROGRAMS)
    script = str(Path(sys.executable).with_name("ephemeral"))
    return {
        "process": lambda: contenders.whole_process(programs),
        "kwokctl": lambda: peers.kwokctl(programs, kwokctl),
        "library": lambda: contenders.library(programs),
        "envtest": lambda: peers.envtest(programs),
        "help": lambda: {"seconds": contenders.seconds_of([script, "--help"])},
        "click": lambda: {"seconds": contenders.seconds_of([sys.executable, "-c", "import click"])},
    }


def report(medians: dict[str, Figures]) -> None:
    print("\nmedians")
    for name, figures in medians.items():
        print(f"  {name:8} {spell(figures)}")
    print("\n ratio  bound   aim")
    for claim in CLAIMS:
        value = claim.value(medians)
        verdict = "ok" if value <= claim.bound else "MISSED"
        print(f"  {value:4.2f}   {claim.bound:4.2f}  {claim.aim:4.2f}  {verdict:6}  {claim.title}")


def medians_of(rounds: list[Figures]) -> Figures:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def spell(figures: Figures) -> str:
    return "  ".join(
        f"{key} {value / 2**20:.0f} MiB" if key.endswith("bytes") else f"{key} {value:.2f}"
        for key, value in figures.items()
    )


def machine() -> dict[str, str]:
    return {"kernel": platform.release(), "architecture": platform.machine(), "python": platform.python_version()}


if __name__ == "__main__":
    main()
