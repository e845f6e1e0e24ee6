"""The one waiter: a probe, one deadline, fail fast, and the last observed state in the error."""

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from ephemeral.errors import WaitError

Value = TypeVar("Value")


class NotYet(Exception):  # noqa: N818 - it is an observation, not an error
    """Raised by a probe to say what it sees while the awaited state is not reached: ``web: 1/2 ready``."""


class Deadline:
    """A moment on the monotonic clock that several waits share."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - self._clock())


def wait_until(
    probe: Callable[[], Value],
    *,
    deadline: Deadline,
    what: str,
    interval: float = 0.05,
    max_interval: float = 1.0,
    on_observation: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Value:
    """Call ``probe`` until it returns, and return its value.

    A probe that raises NotYet is asked again (after ``interval`` seconds, growing to ``max_interval``); any other
    exception ends the wait at once: that is how a wait fails fast. ``what`` names the awaited state in the error;
    ``on_observation`` hears every new NotYet text. No attempt starts after the deadline.

    Raises WaitError with the last observation.
    """
    observed = "nothing yet"

    def before_sleep(state: RetryCallState) -> None:
        nonlocal observed
        error = state.outcome.exception() if state.outcome else None
        seen = str(error) if error else observed
        if seen != observed and on_observation:
            on_observation(seen)
        observed = seen

    def out_of_time(state: RetryCallState) -> bool:
        return state.upcoming_sleep >= deadline.remaining()

    def gave_up(state: RetryCallState) -> Value:
        before_sleep(state)
        raise WaitError(f"{what}: not within {deadline.seconds:g} s; last seen: {observed}", observed=observed)

    retrying = Retrying(
        retry=retry_if_exception_type(NotYet),
        stop=out_of_time,
        wait=wait_exponential(multiplier=interval, max=max_interval, exp_base=1.5),
        before_sleep=before_sleep,
        retry_error_callback=gave_up,
        sleep=sleep,
    )
    return retrying(probe)
