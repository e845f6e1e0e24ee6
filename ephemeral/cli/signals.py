"""Turn the first SIGINT or SIGTERM into an exception, so that teardown runs once and nothing disturbs it."""

import signal
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


def _raise_once(number: int, _frame: FrameType | None) -> None:
    for each in _NUMBERS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)
