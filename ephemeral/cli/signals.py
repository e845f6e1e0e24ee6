"""Turn the first SIGINT or SIGTERM into an exception, so that teardown runs once and nothing disturbs it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked this process to end; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def raise_on_signals() -> None:
    """From now on the first such signal raises Interrupted in the main thread, and later ones are ignored."""
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: keep ignoring
            signal.signal(number, _raise_once)


@contextmanager
def held() -> Iterator[None]:
    """A signal that comes while the body runs raises at its end: a child is never forked and then forgotten."""
    _waiting.clear()
    _holding.append(True)
    try:
        yield
    finally:
        _holding.clear()
    if _waiting:
        raise Interrupted(_waiting[0])


#: Lists, because a handler must not take locks.
_holding: list[bool] = []
_waiting: list[int] = []


def _raise_once(number: int, _frame: FrameType | None) -> None:
    for each in _NUMBERS:
        signal.signal(each, signal.SIG_IGN)
    if _holding:
        _waiting.append(number)
    else:
        raise Interrupted(number)
