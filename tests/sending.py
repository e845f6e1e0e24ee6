"""Load that is sent as long as a body runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ephemeral.previews.load import LoadPlan, generate
from ephemeral.previews.observations import Request


@contextmanager
def sending(plan: LoadPlan, hear: Callable[[Request], None]) -> Iterator[None]:
    """Send the plan's requests meanwhile; each one's outcome goes to ``hear``, in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=generate, args=(plan, hear, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
