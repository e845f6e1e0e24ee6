"""Users of an app: requests at a steady rate, whatever becomes of the ones before, and who answered each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ephemeral.previews.load import Destination, LoadPlan, Routed, Target
from ephemeral.previews.observations import Arm, Request
from tests.sending import sending

_LONGEST_SECONDS = 600.0


@contextmanager
def users(
    url: str,
    rate: float,
    is_candidate: Callable[[str], bool],
    *,
    headers: Mapping[str, str] | None = None,
    keep_alive: bool = False,
) -> Iterator[list[Request]]:
    """Send requests as long as the body runs, and give what became of them, complete once it is over.

    ``is_candidate`` is told the name of the pod that answered.
    """

    def arm_of(answer: Mapping[str, str]) -> Arm:
        pod = answer.get("x-pod", "")
        return "unknown" if not pod else "candidate" if is_candidate(pod) else "baseline"

    routing = Routed(destination=Destination(url=url.rstrip("/")), share=lambda: None, arm_of=arm_of)
    targets = (Target(headers=headers or {}),)
    plan = LoadPlan(routing=routing, rate=rate, seconds=_LONGEST_SECONDS, targets=targets, keep_alive=keep_alive)
    heard: list[Request] = []
    with sending(plan, heard.append):
        yield heard
