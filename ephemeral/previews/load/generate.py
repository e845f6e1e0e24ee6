"""Send a plan's requests at their intended times, whatever became of the ones before."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from ephemeral.previews.load.plan import LATE, Destination, LoadPlan, LoadSummary, Target
from ephemeral.previews.load.send import Sender
from ephemeral.previews.observations import ARMS, Arm, Request

_LISTEN_EVERY_SECONDS = 0.02


def generate(plan: LoadPlan, on_request: Callable[[Request], None], stop: threading.Event) -> LoadSummary:
    """Send the plan's load until it is over or ``stop`` is set, then wait for what is in flight.

    ``on_request`` hears every request in the calling thread, one at a time and in the order of their intended starts;
    what it raises ends the load.
    """
    return _Run(plan, on_request, stop).run()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    request: Request
    lateness: float


class _Run:
    def __init__(self, plan: LoadPlan, on_request: Callable[[Request], None], stop: threading.Event) -> None:
        self._plan = plan
        self._on_request = on_request
        self._stop = stop
        self._sender = Sender(plan)
        # Draws are repeatable, not secret.
        self._chance = random.Random(plan.seed)  # noqa: S311
        self._begin = time.monotonic()
        self._begin_unix = time.time()
        self._end = self._begin + plan.seconds
        self._waiting: deque[Future[_Sent | None]] = deque()
        self._intended = self._sent = self._failed = self._late = 0
        self._latest = 0.0

    def run(self) -> LoadSummary:
        with ExitStack() as stack:
            stack.callback(self._sender.close)
            lanes = {
                arm: stack.enter_context(ThreadPoolExecutor(self._lane_width(arm), thread_name_prefix="load"))
                for arm in ARMS
            }
            # Runs first on the way out, so that an exception does not wait for a queue of requests.
            stack.callback(self._give_up)
            while self._due():
                self._dispatch(lanes)
            seconds = time.monotonic() - self._begin
            while self._waiting:
                self._hear(self._waiting.popleft().result())
        return LoadSummary(
            intended=self._intended,
            sent=self._sent,
            failed=self._failed,
            late=self._late,
            latest=self._latest,
            seconds=seconds,
        )

    def _lane_width(self, arm: str) -> int:
        return self._plan.in_flight if arm == "unknown" else max(1, self._plan.in_flight // 2)

    def _give_up(self) -> None:
        for future in self._waiting:
            future.cancel()

    def _due(self) -> bool:
        """Wait for the next request's time while hearing the answers; return False when the load is over."""
        if self._intended == self._plan.requests:
            return False
        due = self._begin + self._intended / self._plan.rate
        while not self._stop.is_set():
            while self._waiting and self._waiting[0].done():
                self._hear(self._waiting.popleft().result())
            if due >= self._end:
                return False
            early = due - time.monotonic()
            if early <= 0:
                return True
            self._stop.wait(min(early, _LISTEN_EVERY_SECONDS))
        return False

    def _dispatch(self, lanes: dict[Arm, ThreadPoolExecutor]) -> None:
        destination, arm, share = self._plan.routing.draw(self._chance)
        [target] = self._chance.choices(self._plan.targets, [target.weight for target in self._plan.targets])
        offset = self._intended / self._plan.rate
        self._intended += 1
        self._waiting.append(lanes[arm].submit(self._send, destination, target, arm, share, offset))

    def _send(
        self, destination: Destination, target: Target, intended: Arm, share: float | None, offset: float
    ) -> _Sent | None:
        lateness = time.monotonic() - self._begin - offset
        if time.monotonic() > self._end + self._plan.timeout:
            return None
        answer = self._sender.send(destination, target)
        request = Request(
            arm=self._plan.routing.arm(intended, answer.headers),
            started=self._begin_unix + offset,
            latency=time.monotonic() - self._begin - offset,
            status=answer.status,
            error=answer.error,
            share=share,
        )
        return _Sent(request=request, lateness=lateness)

    def _hear(self, sent: _Sent | None) -> None:
        if sent is None:
            return
        self._sent += 1
        self._failed += sent.request.failed
        self._late += sent.lateness > LATE
        self._latest = max(self._latest, sent.lateness)
        self._on_request(sent.request)
