"""How a sentence waits, and how it fails: as an assertion that shows what was there instead."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ephemeral.errors import ClusterError, EphemeralError, WaitError
from ephemeral.waiting import Deadline, NotYet, wait_until

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube

TIMEOUT = 60.0
_WARNINGS = 8
_LONGEST_PAUSE = 0.25

Value = TypeVar("Value")


class ExpectationError(AssertionError):
    """What was expected has not come; the message tells what was there instead."""


def await_state(
    probe: Callable[[], Value], *, what: str, timeout: float, kube: "Kube | None" = None, namespace: str | None = None
) -> Value:
    """Ask until the probe returns. Raises ExpectationError with the last observation and the namespace's warnings."""
    __tracebackhide__ = True
    deadline = Deadline(timeout)
    try:
        return wait_until(probe, deadline=deadline, what=f"expected {what}", interval=0.02, max_interval=_LONGEST_PAUSE)
    except EphemeralError as error:
        raise as_assertion(error, kube, namespace) from None


def as_assertion(error: EphemeralError, kube: "Kube | None", namespace: str | None) -> ExpectationError:
    """The same failure in plain words, with the warnings of the cluster where it only took too long."""
    warnings = _warnings(kube, namespace) if kube and isinstance(error, WaitError) else ()
    hint = [f"hint: {error.hint}"] if error.hint else []
    return ExpectationError("\n".join([error.message, *warnings, *hint]))


def asked(probe: Callable[[], Value]) -> Value:
    """What the API server answers; a moment in which it does not is no answer yet."""
    from ephemeral.kube.refusals import passes
    from ephemeral.kube.transport import ApiError

    try:
        return probe()
    except ApiError as error:
        if passes(error):
            raise NotYet(error.message) from error
        raise


def _warnings(kube: "Kube", namespace: str | None) -> Iterator[str]:
    from ephemeral.kube.events import describe, list_events

    try:
        events = list_events(kube, namespace=namespace, warnings_only=True)[-_WARNINGS:]
    except ClusterError as error:
        yield f"its events can't be read: {error.message}"
        return
    if events:
        yield "warnings:"
        yield from (f"  {describe(event)}" for event in events)
