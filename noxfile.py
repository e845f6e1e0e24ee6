"""The one entrance: `nox` checks everything that a change must pass; `nox --list` shows the rest.

Sessions use the environment they are started from (`pip install -e '.[dev]'`): nothing is installed twice.
"""

from pathlib import PurePath

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]

#: Tests that share nothing of the machine, so that two processes may run them at once.
PARALLEL = (
    "tests/unit",
    "tests/contract/forges",
    "tests/e2e/test_isolation.py",
)
#: Tests that need the machine for themselves: they compare it before and after, or judge what they measure.
ALONE = (
    "tests/contract/previews",
    "tests/plugin/test_pool.py",
    "tests/plugin/test_traffic.py",
    "tests/e2e/test_docs.py::test_every_command_of_a_page_runs[previews.md]",
    "tests/e2e/test_preview_header.py",
    "tests/e2e/test_previews.py",
    "tests/e2e/test_real_access.py",
    "tests/e2e/test_real_nodes.py",
    "tests/e2e/test_verify_isolation.py",
    "tests/e2e/vcluster/test_preview.py",
)
#: Two environments start well at the same time on two cores; more exceed Kubernetes' own time limits.
BY_TEST = ("-n2", "--dist=worksteal")
BY_FILE = ("-n2", "--dist=loadfile")  # files share hosts and environments
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
    """The core tier: all that must hold, in three runs. A skipped test fails it. `-- PATH` runs some."""
    paths = [word for word in session.posargs if PurePath(word).parts[:1] == ("tests",)]
    options = [word for word in session.posargs if word not in paths]
    parallel = [path for path in paths if path.startswith(PARALLEL)]
    alone = [path for path in paths if path.startswith(ALONE)]
    paired = [path for path in paths if path not in (*parallel, *alone)]
    runs = []
    if parallel or not paths:
        runs.append([*BY_TEST, *(parallel or PARALLEL)])
    if paired or not paths:
        runs.append([*BY_FILE, *(paired or ("tests", *(_without(path) for path in (*PARALLEL, *ALONE))))])
    if alone or not paths:
        runs.append([*(alone or ALONE)])
    failed = [words for words in runs if not _passes(session, *words, *options)]
    if failed:
        session.error(f"{len(failed)} of {len(runs)} runs failed")


def _without(path: str) -> str:
    return f"--deselect={path}" if "::" in path else f"--ignore={path}"


def _passes(session: nox.Session, *words: str) -> bool:
    """Whether all of these core tests pass: what fails must not keep the others from running."""
    # Tests that are chosen by name may all lie in another run.
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
    ["startup", "nodes", "previews", "verdicts", "pytest_suites", "vcluster", "tenancy"],
    ids=["startup", "nodes", "previews", "verdicts", "pytest", "vcluster", "tenancy"],
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
