"""Making environments for tests, keeping or removing them, and remembering what became of each."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ephemeral.progress import Silent
from pytest_ephemeral.options import Settings

if TYPE_CHECKING:
    from ephemeral.environment import Environment
    from ephemeral.leases import Owner
    from ephemeral.spec.model import Spec


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An environment that a test asks for.

    ``test`` is the one that asks first, ``total`` how many will ask alike; a ``number`` sets it apart from all others.
    """

    spec: "Spec"
    scope: str
    test: str
    keep: str
    total: int = 1
    number: int = 0

    @property
    def key(self) -> Any:
        """Equal for tests that may share one."""
        return repr(self.spec), self.scope, self.keep, self.number, self.test if self.scope == "test" else ""


@dataclass
class Record:
    """What the summary tells of one environment; plain values, so that a worker can send it."""

    name: str
    scope: str
    origin: str
    facts: str = ""
    phases: list[tuple[str, float]] = field(default_factory=list)
    kept: str = ""
    kubeconfig: str = ""


class Notes(Silent):
    """Collects the lines that making an environment writes, such as where its report is."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        """Remember the line."""
        self.lines.append(text)


@dataclass
class Made:
    """An environment and whether it is ours to remove."""

    environment: "Environment"
    record: Record
    ours: bool
    claim: float | None = None

    def note_phases(self) -> None:
        """Take the timeline's phases over into the record."""
        claim = [] if self.claim is None else [("claim", self.claim)]
        self.record.phases = claim + [(phase.title, phase.seconds) for phase in self.environment.timeline.phases]


@dataclass(frozen=True)
class Claimed:
    """A running member of a warm pool: closing the descriptor ``owner`` ends it; the claim took ``seconds``."""

    name: str
    owner: int
    seconds: float


def make(wanted: Wanted, settings: Settings, name: str) -> Made:
    """The environment that was named for reuse, the one around us (`ephemeral run`), or a new one called ``name``.

    Raises the classes of ephemeral.errors; their message says where the report is.
    """
    current = os.environ.get("EPHEMERAL_CURRENT", "")
    with reported() as notes:
        if settings.reuse:
            return _up(wanted, settings, settings.reuse, notes, detach=True)
        if current and wanted.scope != "test" and _fits(current, wanted.spec):
            return attached(current, wanted, "attached")
        return _up(wanted, settings, name, notes, detach=False)


def _fits(current: str, spec: "Spec") -> bool:
    """Whether the environment around us runs the version that is asked for; the rest is as ephemeral.yaml says."""
    from ephemeral import attach

    version = spec.cluster.kubernetes
    return not version or f"{attach(current).kubernetes}.".startswith(f"{version}.")


def attached(name: str, wanted: Wanted, origin: str) -> Made:
    """An environment that somebody else removes. Raises NoEnvironmentError."""
    from ephemeral import attach

    return _made(attach(name, spec=wanted.spec), wanted, origin, ours=False)


def adopted(claimed: Claimed, wanted: Wanted, settings: Settings) -> Made:
    """A member of the pool, from now on this process's, with the app in it. Raises the classes of ephemeral.errors."""
    from ephemeral.environment import Environment
    from ephemeral.fleet.pool import adopt
    from ephemeral.reports.timeline import Timeline

    with reported() as notes:
        cluster = adopt(claimed.name, claimed.owner)
        spec = replace(wanted.spec, name=claimed.name)
        environment = Environment(spec, cluster, progress=Timeline(notes), found=False)
        with environment.ending_on_failure(), environment.reporting(settings.report_dir):
            environment.deploy()
    return _made(environment, wanted, "claimed", ours=True, claim=claimed.seconds)


def _up(wanted: Wanted, settings: Settings, name: str, notes: Notes, *, detach: bool) -> Made:
    import ephemeral

    spec = replace(wanted.spec, name=name)
    environment = ephemeral.up(spec, owner=owner_of(wanted), detach=detach, report=settings.report_dir, progress=notes)
    return _made(environment, wanted, "reused" if detach else "created", ours=not detach)


def _made(environment: "Environment", wanted: Wanted, origin: str, *, ours: bool, claim: float | None = None) -> Made:
    facts = environment.describe()
    nodes = "simulated nodes: nothing runs in pods" if facts["nodes"] == "simulated" else f"{facts['nodes']} nodes"
    record = Record(
        name=environment.name,
        scope=wanted.scope,
        origin=origin,
        facts=f"Kubernetes {facts['kubernetes']}, {nodes}",
        kubeconfig=str(environment.kubeconfig),
    )
    made = Made(environment, record, ours, claim)
    made.note_phases()
    return made


def owner_of(wanted: Wanted) -> "Owner":
    """Whose lease it is."""
    import getpass

    from ephemeral.leases import Owner

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # containers often have no name for their user id
        user = f"uid-{os.getuid()}"
    return Owner(run=f"pytest-{os.getpid()}", test=wanted.test, user=user)


@contextmanager
def reported() -> Iterator[Notes]:
    """An error of the body says where the report about it is."""
    from ephemeral.errors import EphemeralError

    notes = Notes()
    try:
        yield notes
    except EphemeralError as error:
        if notes.lines:
            error.message = "\n".join([error.message, *notes.lines])
        raise


def end(made: Made, *, keep: bool, ttl: str) -> None:
    """Remove an environment, or let it live on for ``ttl``; what is not ours is left alone."""
    if not made.ours:
        return
    if keep:
        made.record.kept = _keep(made.environment, ttl)
    else:
        made.environment.down()
    made.note_phases()


def _keep(environment: "Environment", ttl: str) -> str:
    """Let it outlive this process; until when (UTC)."""
    from ephemeral.clusters import provider_for
    from ephemeral.leases import Lease
    from ephemeral.spec.durations import parse_duration

    environment.detach()
    cluster = provider_for(environment.spec.cluster).get(environment.name)
    lease = Lease.lasting(parse_duration(ttl), environment.lease.owner)
    cluster.renew(replace(lease, created_at=environment.lease.created_at))
    return f"{lease.expires_at:%H:%M} UTC"
