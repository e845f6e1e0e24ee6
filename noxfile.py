"""The one entrance: `nox` checks everything that a change must pass; `nox --list` shows the rest.

Sessions use the environment they are started from (`pip install -e '.[dev]'`): nothing is installed twice.
"""

from pathlib import PurePath

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]

#: Tests that share nothing of the machine, so that two processes may run them at once. Of those that start clusters,
#: only such as start one at a time: where many start at once, a slow machine exceeds Kubernetes' own time limits.
PARALLEL = (
    "tests/unit",
    "tests/contract/forges",
    "tests/e2e/test_isolation.py",
)
#: A file that can't be read must not keep the others from running.
CORE = ("pytest", "-m", "not extended", "--fail-on-skip", "--continue-on-collection-errors", "--durations=15")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, layers, and generated files that match their source."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("python", "bin/generate_reference.py", "--check")


@nox.session
def test(session: nox.Session) -> None:
    """The core tier: all that must hold, in two runs. A skipped test fails it. `-- PATH` runs some."""
    paths = [word for word in session.posargs if PurePath(word).parts[:1] == ("tests",)]
    options = [word for word in session.posargs if word not in paths]
    parallel = [path for path in paths if path.startswith(PARALLEL)]
    serial = [path for path in paths if path not in parallel]
    runs = []
    if parallel or not paths:
        runs.append(["-n2", "--dist=worksteal", *(parallel or PARALLEL)])
    if serial or not paths:
        runs.append(serial or ["tests", *(f"--ignore={path}" for path in PARALLEL)])
    failed = [words for words in runs if not _passes(session, *words, *options)]
    if failed:
        session.error(f"{len(failed)} of {len(runs)} runs failed")


def _passes(session: nox.Session, *words: str) -> bool:
    """Whether all of these core tests pass: what fails must not keep the others from running."""
    # Tests that are chosen by name may all lie in the other run.
    success = [0, 5] if "-k" in words else [0]
    try:
        session.run(*CORE, *words, success_codes=success)
    except CommandFailed:
        return False
    return True


@nox.session
def extended(session: nox.Session) -> None:
    """The second tier: what takes long. `-- --until EPOCH` leaves out, by name, what would start after that."""
    session.run("pytest", "-m", "extended", "--durations=15", *session.posargs)


@nox.session
@nox.parametrize(
    "what",
    ["startup", "nodes", "previews", "pytest_suites", "vcluster", "tenancy"],
    ids=["startup", "nodes", "previews", "pytest", "vcluster", "tenancy"],
)
def bench(session: nox.Session, what: str) -> None:
    """Measure against the peers in one run, and print ratios: `nox -s "bench(nodes)"`."""
    session.run("python", "-m", f"bench.{what}", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """Run Kubernetes' own conformance specs on real nodes; `-- AREA` or `-- REGEX` runs some."""
    session.run("python", "-m", "tests.conformance", *session.posargs)


@nox.session
def generate(session: nox.Session) -> None:
    """Write the JSON Schema and the reference page from the model."""
    session.run("python", "bin/generate_reference.py")
