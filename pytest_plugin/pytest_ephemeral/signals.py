"""SIGTERM while an environment lives: pytest ends in order, as after Ctrl-C, instead of on the spot."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import pytest


def exit_on_sigterm(*, unless: Callable[[], bool]) -> Callable[[], None]:
    """From now on SIGTERM ends the session in order, with code 143; returns what undoes it.

    ``unless`` says that there is nothing to end in order: then it is as if this had never been called. A handler that
    somebody else has installed stays.
    """

    def terminate(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if unless():
            os.kill(os.getpid(), number)
        pytest.exit("SIGTERM", returncode=128 + number)

    def restore() -> None:
        if signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return lambda: None
    signal.signal(signal.SIGTERM, terminate)
    return restore
