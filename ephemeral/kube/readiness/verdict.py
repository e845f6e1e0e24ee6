"""What a look at an object says: ready, not yet, or never."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ephemeral.kube.events import Event
from ephemeral.kube.objects import Object
from ephemeral.progress import Readiness


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """``text`` is the state in a few words (``1/2 ready``).

    A ``failed`` verdict counts once it has been given for ``lasting`` seconds on end; ``pod`` is the one whose log may
    tell more.
    """

    state: Readiness
    text: str
    lasting: float = 0.0
    hint: str | None = None
    pod: Object | None = None

    @property
    def failed(self) -> bool:
        """Whether waiting is useless, perhaps after a while."""
        return self.state == "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageClasses:
    """The names of the storage classes there are, of those that wait for a pod, and whether one is the default."""

    names: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    has_default: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What a verdict looks at besides the object.

    ``pods`` are those of the object's newest revision, without terminating ones, and ``claims`` what they mount.
    ``events`` are fresh warnings about the object, its newest ReplicaSet and its pods. ``room_may_come`` says that
    nodes may get free or more.
    """

    pods: Sequence[Object] = ()
    claims: Sequence[Object] = ()
    events: Sequence[Event] = ()
    room_may_come: bool = False
    storage: StorageClasses = field(default_factory=StorageClasses)


def ready(text: str) -> Verdict:
    """The object does what it is there for."""
    return Verdict(state="ready", text=text)


def pending(text: str) -> Verdict:
    """The object may become ready."""
    return Verdict(state="pending", text=text)


def failed(text: str, *, lasting: float = 0.0, hint: str | None = None, pod: Object | None = None) -> Verdict:
    """The object can't become ready by waiting."""
    return Verdict(state="failed", text=text, lasting=lasting, hint=hint, pod=pod)
