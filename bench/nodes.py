"""Measure real nodes against the control plane alone: ``python -m bench.nodes [--rounds 5] [--output DIR]``.

Each round, interleaved: an environment with simulated nodes (the control plane alone), one with real nodes, and podinfo
on real nodes, its image already on the machine. Whole processes, in seconds from their fork:

* returned: `up` has returned: the node is Ready and cluster DNS answers
* node, dns: the node is Ready, cluster DNS answers, seen from outside
* answer: podinfo's first 200 at the URL that the command was given
* gone: from the end of the user's command to the end of `run`
* down: `down` as a process

Run it on a quiet machine: a start keeps two cores busy.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.contenders import Figures, run, seconds_of
from bench.startup import machine, medians_of, spell
from ephemeral.clusters import record
from ephemeral.clusters.local.api import Api
from ephemeral.clusters.local.cluster import LocalCluster
from ephemeral.clusters.local.paths import paths_of
from ephemeral.clusters.local.real import furnish
from ephemeral.errors import EphemeralError
from ephemeral.waiting import Deadline, NotYet, wait_until

_COMMAND = [sys.executable, "-m", "ephemeral"]
_ROOT = Path(__file__).parent.parent
_SETTLE_SECONDS = 3.0
_LIMIT_SECONDS = 120.0

#: title, what is measured, its bound: all on a quiet machine with two cores
_BOUNDS = [
    ("podinfo's first 200 / control plane alone", lambda m: m["podinfo"]["answer"] / m["simulated"]["returned"], 3.0),
    ("podinfo's first 200, seconds", lambda m: m["podinfo"]["answer"], 9.0),
    ("`down`, seconds", lambda m: m["real"]["down"], 1.5),
    ("everything gone after `run`, seconds", lambda m: m["podinfo"]["gone"], 1.5),
    ("idle memory (PSS), MB", lambda m: m["real"]["pss-bytes"] / 1e6, 900.0),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    from tests.images import podinfo_image

    os.environ["PODINFO_IMAGE"] = str(podinfo_image())
    podinfo()  # imports the image, once a machine
    load_before = os.getloadavg()
    runners: dict[str, Callable[[], Figures]] = {"simulated": simulated, "real": real, "podinfo": podinfo}
    rounds: dict[str, list[Figures]] = {name: [] for name in runners}
    for number in range(options.rounds):
        for name, runner in runners.items():
            rounds[name].append(runner())
            print(f"round {number + 1}  {name:9} {spell(rounds[name][-1])}", flush=True)
    medians = {name: medians_of(figures) for name, figures in rounds.items()}
    print("\nmedians")
    for name, figures in medians.items():
        print(f"  {name:9} {spell(figures)}")
    print("\n  value   bound")
    for title, value, bound in _BOUNDS:
        print(f"  {value(medians):6.2f}  {bound:6.2f}  {'ok' if value(medians) <= bound else 'MISSED':6}  {title}")
    facts = {"cores": os.cpu_count(), "load-before": load_before, "load-after": os.getloadavg(), **machine()}
    options.output.mkdir(parents=True, exist_ok=True)
    body = {"machine": facts, "medians": medians, "rounds": rounds}
    (options.output / "nodes.json").write_text(json.dumps(body, indent=2))


def simulated() -> Figures:
    """The control plane alone."""
    with _own_state() as folder:
        begin = time.monotonic()
        run([*_COMMAND, "up", "--name=bench", "--nodes=simulated"], None, folder)
        returned = time.monotonic() - begin
        return {"returned": returned, "down": seconds_of([*_COMMAND, "down", "bench"], None, folder)}


def real() -> Figures:
    """Real nodes without an app, and what they weigh when idle."""
    with _own_state() as folder:
        watch = Watch()
        run([*_COMMAND, "up", "--name=bench", "--nodes=real"], None, folder)
        returned = time.monotonic() - watch.begin
        watch.thread.join()
        time.sleep(_SETTLE_SECONDS)  # what a start leaves behind is collected meanwhile
        weights = memory_of("bench")
        return {
            **watch.moments, "returned": returned, **weights,
            "down": seconds_of([*_COMMAND, "down", "bench"], None, folder),
        }  # fmt: skip


def podinfo() -> Figures:
    """The example: `run` with curl, whose success is the first 200."""
    with _own_state() as folder:
        script = "curl --silent --fail --output /dev/null $EPHEMERAL_URL && date +%s.%N"
        begin = time.time()
        finished = subprocess.run(
            [*_COMMAND, "run", "-f", _ROOT / "examples/podinfo/ephemeral.yaml", "--", "sh", "-c", script],
            cwd=folder, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False,
        )  # fmt: skip
        end = time.time()
        if finished.returncode:
            raise RuntimeError(finished.stderr)
        answer = float(finished.stdout)
        return {**phases(finished.stderr), "answer": answer - begin, "gone": end - answer}


def phases(lines: str) -> Figures:
    """`[  4.2s] ready: done in 3.9 s` -> {"ready-after": 4.2}."""
    found = (line.split() for line in lines.splitlines() if ": done in " in line)
    return {
        f"{words[-5].rstrip(':')}-after": float(words[-6].rstrip("s]").lstrip("["))
        for words in found
        if words[-5].rstrip(":") in ("create", "ready", "apply", "wait")
    }


@dataclass
class Watch:
    """Looks from outside, by the same probes as the product, when the node is Ready and DNS answers."""

    begin: float = field(default_factory=time.monotonic)
    moments: Figures = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        def node() -> LocalCluster:
            try:
                cluster = LocalCluster(paths_of("bench"))
                furnish.expect_node(Api(cluster.kubeconfig))
            except (EphemeralError, OSError, ValueError) as error:
                raise NotYet(str(error)) from error
            return cluster

        cluster = wait_until(node, deadline=Deadline(_LIMIT_SECONDS), what="node", interval=0.02, max_interval=0.02)
        self.moments["node"] = time.monotonic() - self.begin
        assert cluster.addresses
        furnish.wait_for_dns(cluster.addresses, Deadline(_LIMIT_SECONDS))
        self.moments["dns"] = time.monotonic() - self.begin


def memory_of(name: str) -> Figures:
    """Resident and proportional memory of every process below the keeper (proc_pid_smaps_rollup(5))."""
    keeper = record.read_json(paths_of(name).processes)["supervisor"]["pid"]
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(status.read_text().rpartition(")")[2].split()[1]), []).append(
                int(status.parent.name)
            )
    found, waiting = [], [keeper]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    sums = {"rss-bytes": 0.0, "pss-bytes": 0.0}
    for pid in found:
        with suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for key, title in (("rss-bytes", "Rss:"), ("pss-bytes", "Pss:")):
                sums[key] += 1024 * int(text.partition(title)[2].split()[0])
    return sums


@contextmanager
def _own_state() -> Iterator[Path]:
    """A state directory of its own, emptied whatever happens."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as name:
        os.environ["EPHEMERAL_STATE_DIR"] = name
        try:
            yield Path(name)
        finally:
            run([*_COMMAND, "down", "bench"], None, Path(name))


if __name__ == "__main__":
    main()
