"""Measure the pytest plugin: ``python -m bench.pytest_suites [--rounds 3] [--tests 20] [--output DIR]``.

A suite in which every test has a cluster of its own, `-n2`, against the same suite on clusters made in a fixture with
`kwokctl` (one by one: two that start at the same instant race for ports), interleaved in one run. Three ways of ours:

* cold: no pool, every test waits for its cluster's start
* inside: the warm pool is filled and refilled while the suite runs
* before: `python -m pytest_ephemeral.pool` has filled it before the clock starts

And what the plugin costs a suite that asks for nothing, against `-p no:ephemeral`. It prints medians, ratios and
whether they keep their bounds, and writes pytest.json. Run it on a quiet machine.
"""

import argparse
import compileall
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest_ephemeral

import ephemeral
from bench.peers import _FLAGS, find_kwokctl
from bench.processes import Cluster
from ephemeral.tools import require

PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
_LIMIT_SECONDS = 900.0
_ROOT = Path(__file__).parent.parent

#: The same for everybody; `kubeconfig` is the contender's.
_TESTS = """
import pytest
from ephemeral.kube.client import connect

MINE = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "mine", "namespace": "default"}}}}

@pytest.mark.parametrize("number", range({tests}))
def test_own_cluster(kubeconfig, number):
    kube = connect(kubeconfig)
    assert kube.get("v1", "ConfigMap", "mine", "default") is None
    kube.apply(MINE)
"""

_PEER = """
import os, subprocess, uuid
from pathlib import Path
import pytest
from filelock import FileLock

@pytest.fixture
def kubeconfig(tmp_path_factory):
    name = f"bench-{{uuid.uuid4().hex[:8]}}"
    argv = [{binary!r}, "create", "cluster", f"--name={{name}}", "--runtime=binary", "--wait=60s", *{flags!r}]
    with FileLock(os.environ["KWOK_WORKDIR"] + "/one-by-one"):
        subprocess.run(argv, check=True, capture_output=True)
    try:
        yield Path(os.environ["KWOK_WORKDIR"]) / "clusters" / name / "kubeconfig.yaml"
    finally:
        subprocess.run([{binary!r}, "delete", "cluster", f"--name={{name}}"], check=True, capture_output=True)
"""


@dataclass(frozen=True)
class Claim:
    """A figure that keeps its bound; ``at_least``: ratios of the peer's seconds to ours, else seconds."""

    title: str
    value: float
    bound: float
    aim: float
    at_least: bool

    @property
    def verdict(self) -> str:
        return "ok" if (self.value >= self.bound if self.at_least else self.value <= self.bound) else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tests", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    for package in (ephemeral, pytest_ephemeral):
        compileall.compile_dir(Path(package.__path__[0]), quiet=1)  # as pip leaves an installed package
    load_before = os.getloadavg()
    seconds: dict[str, list[float]] = {name: [] for name in ("kwokctl", "cold", "inside", "before", "claim-p50")}
    for number in range(options.rounds):
        for name, value in one_round(options.tests):
            seconds[name].append(value)
            print(f"round {number + 1}  {name:9} {value:.3f} s", flush=True)
    overhead = overhead_of_loading(rounds=25)
    claims = judge({name: statistics.median(values) for name, values in seconds.items()}, overhead)
    print("\n value  bound   aim")
    for claim in claims:
        print(f"  {claim.value:5.3f}  {claim.bound:5.2f}  {claim.aim:5.2f}  {claim.verdict:6}  {claim.title}")
    options.output.mkdir(parents=True, exist_ok=True)
    facts = {"cores": os.cpu_count(), "load-before": load_before, "load-after": os.getloadavg()}
    body = {"machine": facts, "tests": options.tests, "seconds": seconds, "overhead": overhead}
    (options.output / "pytest.json").write_text(json.dumps(body, indent=2))
    print(f"\n{options.output}/pytest.json")


def one_round(tests: int) -> Iterator[tuple[str, float]]:
    """Every contender once: name and seconds."""
    programs = {name: str(path) for name, path in require(PROGRAMS).items()}
    with _folder(tests) as (folder, variables):
        flags = [f"--{flag}-binary={programs[program]}" for program, flag in _FLAGS.items()]
        (folder / "conftest.py").write_text(_PEER.format(binary=str(find_kwokctl()), flags=flags))
        yield "kwokctl", _suite(folder, variables, "-p", "no:ephemeral")[0]
    for name, pool in (("cold", "0"), ("inside", "auto")):
        with _folder(tests) as (folder, variables):
            yield name, _suite(folder, variables, *_OURS, f"--ephemeral-pool={pool}")[0]
    with _folder(tests) as (folder, variables), _pool(folder, variables, tests):
        seconds, output = _suite(folder, variables, *_OURS)
        found = re.search(r"medians: claim (\d+) ms", output)
        assert found, output
        yield "before", seconds
        yield "claim-p50", int(found[1]) / 1000


_OURS = ("--ephemeral-nodes=simulated", "--ephemeral-scope=test")


def overhead_of_loading(rounds: int) -> float:
    """Processor seconds that an empty suite takes more with the plugin: the best of many, for both."""
    with _folder(0) as (folder, variables):
        (folder / "test_suite.py").write_text("")
        took: dict[tuple[str, ...], list[float]] = {(): [], ("-p", "no:ephemeral"): []}
        for _ in range(rounds):
            for words, seconds in took.items():
                seconds.append(_empty(folder, variables, *words))
        return min(took[()]) - min(took["-p", "no:ephemeral"])


def judge(medians: Mapping[str, float], overhead: float) -> list[Claim]:
    peer = medians["kwokctl"]
    return [
        Claim("kwokctl / ours, cold", peer / medians["cold"], 1.3, 1.3, at_least=True),
        Claim("kwokctl / ours, pool filled inside the clock", peer / medians["inside"], 1.3, 1.3, at_least=True),
        Claim("kwokctl / ours, pool filled before the clock", peer / medians["before"], 5, 10, at_least=True),
        Claim("claim from the pool, p50, seconds", medians["claim-p50"], 0.05, 0.05, at_least=False),
        Claim("an empty suite with the plugin, processor seconds more", overhead, 0.03, 0.02, at_least=False),
    ]


@contextmanager
def _folder(tests: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """A suite in a folder, with a state directory of its own; what is left running is ended and complained about."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "test_suite.py").write_text(_TESTS.format(tests=tests))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EPHEMERAL_")}
        tools = {key: os.environ[key] for key in ("EPHEMERAL_CACHE_DIR", "EPHEMERAL_TOOLS_DIR") if key in os.environ}
        more = {"EPHEMERAL_STATE_DIR": f"{name}/state", "KWOK_WORKDIR": name, "KUBECONFIG": f"{name}/config"}
        cluster = Cluster(folder, require(PROGRAMS).values())
        try:
            yield folder, {**kept, **tools, **more}
        finally:
            time.sleep(1)  # supervisors of claimed clusters end in their own time
            if (left := cluster.end()) and sys.exception() is None:
                raise RuntimeError(f"left running: {', '.join(left)}")


def _suite(folder: Path, variables: Mapping[str, str], *arguments: str) -> tuple[float, str]:
    argv = [sys.executable, "-m", "pytest", "-q", "-n2", "-p", "no:cacheprovider", *arguments, str(folder)]
    begin = time.monotonic()
    finished = subprocess.run(
        argv, env=variables, cwd=folder, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{argv}: {finished.stdout}{finished.stderr}")
    return time.monotonic() - begin, finished.stdout


def _empty(folder: Path, variables: Mapping[str, str], *arguments: str) -> float:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=variables, cwd=folder, capture_output=True, timeout=_LIMIT_SECONDS, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _pool(folder: Path, variables: Mapping[str, str], size: int) -> Iterator[None]:
    argv = [sys.executable, "-m", "pytest_ephemeral.pool", "--nodes=simulated", f"--size={size}"]
    with subprocess.Popen(argv, env=variables, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            if "are ready" not in process.stdout.readline():
                raise RuntimeError("the pool has ended")
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
