"""What load to send, where to, and what became of it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ephemeral.previews.observations import Arm

ARM_HEADER = "x-ephemeral-arm"
MAX_RATE = 1000.0
#: Sent so many seconds after its time, a request is late: the generator's own doing.
LATE = 0.05
Share = Callable[[], float | None]


def half() -> float:
    """Give both arms as many requests: the share that finds a difference soonest."""
    return 0.5


def arm_by_header(headers: Mapping[str, str]) -> Arm:
    """Read who answered from the response's ``x-ephemeral-arm``; "unknown" without it."""
    arm = headers.get(ARM_HEADER, "")
    return "candidate" if arm == "candidate" else "baseline" if arm == "baseline" else "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One kind of request; ``weight`` is how often it is drawn in relation to the others.

    Raises ValueError for a path that does not start with ``/`` (it could name another host) or a weight of 0 or less.
    """

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"path {self.path!r} does not start with /")
        if not self.weight > 0:
            raise ValueError(f"weight {self.weight:g} of {self.path} is not above 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a request goes: the scheme and host (``http://127.0.0.1:8080``) and headers that steer it there."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Routing(Protocol):
    """Who decides which arm a request reaches."""

    def draw(self, chance: random.Random) -> tuple[Destination, Arm, float | None]:
        """Choose for the next request: where to, which arm that is ("unknown" until the answer), and the share."""
        ...

    def arm(self, intended: Arm, headers: Mapping[str, str]) -> Arm:
        """Say who answered."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """The generator tosses a coin for each request: the fairest comparison, and the arm is known even without answer.

    The two destinations are two Services, or one router and a header that it matches.
    """

    baseline: Destination
    candidate: Destination
    share: Share = half

    def draw(self, chance: random.Random) -> tuple[Destination, Arm, float | None]:
        """Toss the coin."""
        share = self.share()
        if chance.random() < (share or 0.0):
            return self.candidate, "candidate", share
        return self.baseline, "baseline", share

    def arm(self, intended: Arm, headers: Mapping[str, str]) -> Arm:
        """Keep to where it was sent."""
        return intended


@dataclass(frozen=True, kw_only=True, slots=True)
class Routed:
    """The router splits, as it does with users' traffic; ``share`` is the weight that it is known to apply now."""

    destination: Destination
    share: Share
    arm_of: Callable[[Mapping[str, str]], Arm] = arm_by_header

    def draw(self, chance: random.Random) -> tuple[Destination, Arm, float | None]:
        """Send all to the router."""
        return self.destination, "unknown", self.share()

    def arm(self, intended: Arm, headers: Mapping[str, str]) -> Arm:
        """Ask the answer."""
        return self.arm_of(headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadPlan:
    """A steady rate (requests a second) until ``seconds`` have passed or ``requests`` were sent, whichever is first.

    ``timeout`` (seconds) bounds each request from when it is really sent; ``in_flight`` bounds how many wait for an
    answer at once, half of them at each arm where the generator assigns them: one that hangs must not hold up the
    other. ``keep_alive`` reuses connections; without it each request may reach another pod. ``seed`` makes the draws
    repeatable.

    Raises ValueError for what is not bounded: no target, a rate above 1000, no or endless time.
    """

    routing: Routing
    rate: float
    seconds: float
    targets: tuple[Target, ...] = (Target(),)
    requests: int | None = None
    timeout: float = 5.0
    in_flight: int = 512
    keep_alive: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError("there is no target to send requests to")
        for name, value, most in (
            ("rate", self.rate, MAX_RATE),
            ("seconds", self.seconds, 86_400.0),
            ("timeout", self.timeout, 600.0),
            ("requests", self.requests or 1, 10_000_000),
            ("in_flight", self.in_flight, 4096),
        ):
            if not 0 < value <= most:
                raise ValueError(f"{name} {value:g} is not above 0 and at most {most:g}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadSummary:
    """What became of a plan.

    ``sent`` of the ``intended`` requests that were due in ``seconds``, ``failed`` of them; the generator itself sent
    ``late`` more than 0.05 s after their time, the worst by ``latest`` seconds.
    """

    intended: int
    sent: int
    failed: int
    late: int
    latest: float
    seconds: float

    @property
    def kept_rate(self) -> bool:
        """Whether the generator kept the rate: at most one request in a hundred late, and all sent."""
        return self.sent == self.intended and self.late <= self.intended / 100

    def sentence(self) -> str:
        """Say it in one line, for people."""
        kept = f"{self.sent} requests in {self.seconds:.1f} s, {self.failed} failed"
        if self.kept_rate:
            return kept
        return (
            f"{kept}; the generator could not keep the rate: {self.intended} were due, "
            f"{self.late} were sent late, the latest by {self.latest:.2f} s"
        )
