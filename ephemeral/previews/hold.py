"""One process at a time works on a preview; others may ask it to stop, and take over when it is dead.

Alive is who counts up. No clock is compared with another's, so none may jump.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from ephemeral.errors import PreviewError
from ephemeral.kube.transport import ApiError
from ephemeral.previews.state import LateError, State, Store, changed
from ephemeral.waiting import Deadline, NotYet, wait_until

_BEAT_SECONDS = 1.0
#: A holder that has not counted for so long is dead, or will find out that it was taken for dead.
DEAD_SECONDS = 6.0
_LONGEST_SECONDS = 24 * 3600.0


class AskedToStop(Exception):  # noqa: N818 - it is no error, somebody decided
    """Somebody else asked to abort the preview, or went on with it."""


class Hold:
    """The right to work on a preview; `taken` gives it."""

    def __init__(self, store: Store, *, heeding: bool, note: Callable[[str], None]) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        #: Whether an abort that somebody asks for ends the work.
        self.heeding = heeding
        #: Set when the work is to end: load that is running stops at once.
        self.stop = threading.Event()
        self._store, self._note = store, note
        self._over = threading.Event()
        self._lock = threading.Lock()

    def update(self, event: str = "", **values: Any) -> State:
        """Write values, and a line of history. Raises AskedToStop when somebody else works on it by now."""
        line = (f"{datetime.now(UTC):%H:%M:%S} {event}",) if event else ()

        def decide(state: State) -> State:
            if state.holder != self.name:
                raise AskedToStop("another process has taken over")
            return changed(state, beat=state.beat + 1, history=(*state.history, *line), **values)

        with self._lock:
            state = self._store.change(decide)
        if event:
            self._note(event)
        return state

    def check(self) -> None:
        """Raise AskedToStop when the work is to end."""
        if self.stop.is_set():
            raise AskedToStop("somebody asked for an abort")

    def wait(self, seconds: float) -> None:
        """Sleep, unless the work is to end. Raises AskedToStop."""
        self.stop.wait(seconds)
        self.check()

    def beat(self) -> None:
        """Count up until the hold is over."""
        while not self._over.wait(_BEAT_SECONDS):
            # An API server that does not answer for a moment is for the work itself to complain about.
            with suppress(ApiError, LateError):
                try:
                    asked = self.update().asked
                except AskedToStop:
                    self.stop.set()
                    return
                if self.heeding and asked == "abort":
                    self.stop.set()

    def let_go(self) -> None:
        """Stop counting, and let somebody else work on it."""
        self._over.set()

        def decide(state: State) -> State | None:
            return changed(state, holder="") if state.holder == self.name else None

        with suppress(ApiError, LateError):
            self._store.change(decide)


@contextmanager
def taken(
    store: Store,
    *,
    note: Callable[[str], None],
    heeding: bool = True,
    while_held: Callable[[State], None] | None = None,
) -> Iterator[Hold]:
    """Hold the preview while the body runs, once nobody else does, or the one who did is dead.

    ``note`` hears every event. ``while_held`` is asked at every look at a holder that is seen to live, and may raise to
    give up; without it, PreviewError is.
    """
    hold = Hold(store, heeding=heeding, note=note)
    watch = _Watch(store, hold.name, while_held or _give_up)
    wait_until(watch.take, deadline=Deadline(_LONGEST_SECONDS), what="the preview's turn", max_interval=0.25)
    beating = threading.Thread(target=hold.beat, name="preview-beat", daemon=True)
    beating.start()
    try:
        yield hold
    finally:
        hold.let_go()
        beating.join()


class _Watch:
    """Looks at the holder until it lets go or has been seen dead."""

    def __init__(self, store: Store, name: str, while_held: Callable[[State], None]) -> None:
        self._store, self._name, self._while_held = store, name, while_held
        self._seen: tuple[str, int] | None = None
        self._since = time.monotonic()
        self._lives = False

    def take(self) -> None:
        """Take the preview, or say NotYet."""
        state = self._store.read()
        if state is None:
            raise PreviewError("there is no preview here.", hint="`ephemeral preview start` begins one.")
        now = (state.holder, state.beat)
        if self._seen != now:
            self._lives = self._seen is not None and self._seen[0] == state.holder
            self._seen, self._since = now, time.monotonic()
        if state.holder and time.monotonic() - self._since < DEAD_SECONDS:
            if self._lives:
                self._while_held(state)
            raise NotYet(f"{state.holder} works on it")
        if self._store.change(self._replace_seen).holder != self._name:
            raise NotYet("somebody else took it")

    def _replace_seen(self, state: State) -> State | None:
        if (state.holder, state.beat) != self._seen:
            return None
        return changed(state, holder=self._name, beat=state.beat + 1)


def _give_up(state: State) -> None:
    raise PreviewError(
        f"another process works on this preview ({state.holder}).",
        hint="`ephemeral preview status --watch` follows it, `ephemeral preview abort` ends it.",
    )
