"""Send a plan's requests at their intended times, whatever became of the ones before."""

import threading
from collections.abc import Callable

from ephemeral.previews.load.plan import LoadPlan, LoadSummary
from ephemeral.previews.observations import Request


def generate(plan: LoadPlan, on_request: Callable[[Request], None], stop: threading.Event) -> LoadSummary:
    """Send the plan's load until it is over or ``stop`` is set, then wait for what is in flight.

    ``on_request`` hears every request, one at a time, in the order of their intended starts.
    """
    raise NotImplementedError
