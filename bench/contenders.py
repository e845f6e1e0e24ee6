"""`ephemeral` as it is measured: as whole processes, and as a library."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.probe import Probe
from bench.processes import Cluster

Figures = dict[str, float]
Programs = Mapping[str, Path]

_COMMAND = [sys.executable, "-m", "ephemeral"]
_ROOT = Path(__file__).parent.parent
_LIMIT_SECONDS = 120.0

#: Moments are monotonic ones, which all processes of a machine share.
_LIBRARY = """
import sys, time
import ephemeral
from ephemeral.spec.model import Cluster, Spec
spec = Spec(name="bench", cluster=Cluster(nodes="simulated"))
begin = time.monotonic()
with ephemeral.up(spec) as environment:
    print(begin, time.monotonic() - begin, flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
print(time.monotonic() - begin, flush=True)
"""


def whole_process(programs: Programs) -> Figures:
    """`ephemeral up` and `ephemeral down`, each a process from its fork to its exit."""
    with _own_state(programs) as (folder, variables, probe):
        run([*_COMMAND, "up", "--name=bench", "--nodes=simulated"], variables, folder)
        returned = time.monotonic() - probe.begin
        probe.wait()
        down = seconds_of([*_COMMAND, "down", "bench"], variables, folder)
        return {**probe.figures(), "returned": returned, "down": down}


def library(programs: Programs) -> Figures:
    """`ephemeral.up()` and the end of its block, in a fresh Python process, from the call on."""
    with (
        _own_state(programs) as (folder, variables, probe),
        subprocess.Popen(
            [sys.executable, "-c", _LIBRARY],
            env=variables, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdin
        assert process.stdout
        try:
            begin, returned = map(float, process.stdout.readline().split())
            probe.wait()
            process.stdin.write("\n")
            process.stdin.flush()
            down = float(process.stdout.readline())
        finally:
            process.stdin.close()
        return {**probe.figures(begin), "returned": returned, "down": down}


@contextmanager
def _own_state(programs: Programs) -> Iterator[tuple[Path, dict[str, str], Probe]]:
    """A state directory of its own; whatever happens in the body, nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("EPHEMERAL_")}
        variables = {**kept, "EPHEMERAL_STATE_DIR": name, "PYTHONPATH": str(_ROOT), **_tools()}
        cluster = Cluster(folder, programs.values())
        try:
            with Probe(folder / "environments" / "bench" / "kubeconfig", cluster) as probe:
                yield folder, variables, probe
        finally:
            run([*_COMMAND, "down", "bench"], variables, folder)
            expect_nothing_left(cluster)


def _tools() -> dict[str, str]:
    return {name: os.environ[name] for name in ("EPHEMERAL_CACHE_DIR", "EPHEMERAL_TOOLS_DIR") if name in os.environ}


def expect_nothing_left(cluster: Cluster) -> None:
    """End what should not be there any more, and complain about it. Raises RuntimeError."""
    left = cluster.end()
    if left and sys.exception() is None:
        raise RuntimeError(f"left running: {', '.join(left)}")


def seconds_of(argv: list[str], variables: Mapping[str, str] | None = None, folder: Path | None = None) -> float:
    """Wall time of one process. Raises RuntimeError when it fails."""
    begin = time.monotonic()
    run(argv, variables, folder)
    return time.monotonic() - begin


def run(argv: list[str], variables: Mapping[str, str] | None, folder: Path | None) -> None:
    """Run a program to its end. Raises RuntimeError with its output when it fails."""
    finished = subprocess.run(
        argv, env=variables, cwd=folder, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{argv}: {finished.stdout}{finished.stderr}")
