"""Measure starts, interleaved in one run: ``python -m bench.startup [--rounds 5] [--kwokctl PATH]``.

kwokctl is the peer: ``go install sigs.k8s.io/kwok/cmd/kwokctl@v0.8.0``. It prints ratios and writes
bench/results/startup.json and .png. Run it on a quiet machine: both cores are busy in every start.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from pathlib import Path

from bench import contenders
from bench.contenders import Result
from ephemeral.tools import require

RESULTS = Path(__file__).parent / "results"
PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]

#: What is claimed: name, (contender, figure), (peer, figure), bound of the ratio, what is aimed for.
CLAIMS = [
    ("library started / envtest started", ("library", "started"), ("envtest", "started"), 0.6, 0.4),
    ("library schedulable / kwokctl schedulable", ("library", "schedulable"), ("kwokctl", "schedulable"), 0.6, 0.35),
    ("whole process ready / kwokctl ready", ("cli", "returned"), ("kwokctl", "ready"), 0.8, 0.8),
    ("--help / import click", ("help", "seconds"), ("click", "seconds"), 1.8, 1.8),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kwokctl", type=Path, default=shutil.which("kwokctl"))
    options = parser.parse_args()
    if not options.kwokctl:
        sys.exit("no kwokctl on PATH: go install sigs.k8s.io/kwok/cmd/kwokctl@v0.8.0")
    programs = require(PROGRAMS)
    runners = {
        "cli": contenders.ephemeral_cli,
        "library": contenders.ephemeral_library,
        "kwokctl": lambda: contenders.kwokctl(programs, Path(options.kwokctl)),
        "envtest": lambda: contenders.envtest(programs),
        "help": lambda: {"seconds": contenders.seconds_of([_script(), "--help"])},
        "click": lambda: {"seconds": contenders.seconds_of([sys.executable, "-c", "import click"])},
    }
    results: dict[str, list[Result]] = {name: [] for name in runners}
    for number in range(options.rounds):
        for name, runner in runners.items():
            results[name].append(runner())
            print(f"round {number + 1} {name}: {_spell(results[name][-1])}", flush=True)
    medians = {name: _medians(rounds) for name, rounds in results.items()}
    report(medians, results)


def report(medians: dict[str, Result], results: dict[str, list[Result]]) -> None:
    print("\nmedians")
    for name, figures in medians.items():
        print(f"  {name:8} {_spell(figures)}")
    print("\nratios (bound, aim)")
    ratios = {}
    for title, (ours, figure), (peer, other), bound, aim in CLAIMS:
        ratio = medians[ours][figure] / medians[peer][other]
        ratios[title] = ratio
        print(f"  {ratio:5.2f}  ({bound}, {aim})  {'ok  ' if ratio <= bound else 'MISS'}  {title}")
    down = (medians["cli"]["down"], medians["library"]["down"])
    print(f"  down: {down[0]:.2f} s as a process, {down[1]:.2f} s in the library (0.3)")
    RESULTS.mkdir(exist_ok=True)
    facts = {"cores": os.cpu_count(), "load": os.getloadavg()}
    body = {"machine": facts, "medians": medians, "ratios": ratios, "rounds": results}
    (RESULTS / "startup.json").write_text(json.dumps(body, indent=2))
    plot(medians, RESULTS / "startup.png")


def plot(medians: dict[str, Result], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    names = {"cli": "ephemeral up", "library": "ephemeral.up()", "kwokctl": "kwokctl create", "envtest": "as envtest"}
    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(11, 4), width_ratios=[3, 1])
    points = ("started", "schedulable", "ready")
    colours = ("#2a9d8f", "#e9c46a", "#e76f51")
    for index, (point, colour) in enumerate(zip(points, colours, strict=True)):
        values = [medians[name].get(point, 0) for name in names]
        bars = times.bar([x + (index - 1) * 0.26 for x in range(len(names))], values, 0.24, label=point, color=colour)
        times.bar_label(bars, [f"{value:.1f}" if value else "-" for value in values], fontsize=8)
    times.set_xticks(range(len(names)), names.values())
    times.set_ylabel("seconds from the first fork")
    times.legend(frameon=False)
    bars = memory.bar(list(names.values()), [medians[name]["peak-bytes"] / 2**20 for name in names], color="#264653")
    memory.bar_label(bars, fmt="%.0f", fontsize=8)
    memory.set_ylabel("peak memory, MiB")
    memory.tick_params(axis="x", rotation=25)
    for axis in (times, memory):
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Start of a control plane, medians on {os.cpu_count()} cores, same programs")
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def _medians(rounds: list[Result]) -> Result:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def _spell(figures: Result) -> str:
    memory = {key: f"{value / 2**20:.0f} MiB" for key, value in figures.items() if key.endswith("bytes")}
    return "  ".join(f"{key} {memory.get(key) or f'{value:.2f}'}" for key, value in figures.items())


def _script() -> str:
    return str(Path(sys.executable).with_name("ephemeral"))


if __name__ == "__main__":
    main()
