"""The one entrance: `nox` checks everything that a change must pass; `nox --list` shows the rest.

Sessions use the environment they are started from (`pip install -e '.[dev]'`): nothing is installed twice.
"""

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "test"]


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
    """The core tier: all that must hold. A skipped test fails it."""
    session.run("pytest", "-m", "not extended", "--fail-on-skip", "--durations=15", *session.posargs)


@nox.session
def extended(session: nox.Session) -> None:
    """The second tier: what takes long. `-- --until EPOCH` leaves out, by name, what would start after that."""
    session.run("pytest", "-m", "extended", "--durations=15", *session.posargs)


@nox.session
@nox.parametrize(
    "what", ["startup", "nodes", "previews", "pytest_suites"], ids=["startup", "nodes", "previews", "pytest"]
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
