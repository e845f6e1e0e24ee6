"""The environments that this process holds for its tests: one for all who may share it, until the last lets go."""

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pytest_ephemeral.making import Claimed, Made, Record, Wanted, adopted, end, make
from pytest_ephemeral.options import Settings

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ephemeral.environment import Environment
    from pytest_ephemeral.pools import Pools


class Supplier(Protocol):
    """Makes environments for the tests of one process."""

    def supply(self, wanted: Wanted, name: str) -> Made:
        """An environment that is ready. Raises the classes of ephemeral.errors."""
        ...

    def close(self) -> None:
        """No more will be asked for."""
        ...


class OwnSupplier:
    """Makes them in this process, which they don't outlive; for single tests, ahead of time in its own warm pool."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: Pools | None = None

    def supply(self, wanted: Wanted, name: str) -> Made:
        """Claim, attach, reuse or create."""
        from pytest_ephemeral.pools import claim_served

        claimed = claim_served(wanted, self._settings)
        if not claimed and wanted.scope == "test" and not self._settings.reuse:
            claimed = self._claim(wanted)
        if claimed:
            return adopted(claimed, wanted, self._settings)
        return make(wanted, self._settings, name)

    def close(self) -> None:
        """End what nobody has claimed."""
        if self._pools:
            self._pools.close()

    def _claim(self, wanted: Wanted) -> Claimed | None:
        from pytest_ephemeral.pools import Pools

        self._pools = self._pools or Pools(self._settings)
        begin = time.monotonic()
        member = self._pools.claim(wanted)
        return Claimed(member.cluster.name, member.owner, time.monotonic() - begin) if member else None


@dataclass
class _Held:
    """One environment: being made while ``lock`` is held, then shared by ``users``."""

    wanted: Wanted
    name: str
    users: int = 0
    made: Made | None = None
    failure: BaseException | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Environments:
    """Acquire and release; threads may call both."""

    def __init__(self, settings: Settings, supplier: Supplier) -> None:
        self.records: list[Record] = []
        self.failed: set[str] = set()
        self._settings = settings
        self._supplier = supplier
        self._held: dict[object, _Held] = {}
        self._lock = threading.Lock()
        self._removers: ThreadPoolExecutor | None = None

    def acquire(self, wanted: Wanted) -> "Environment":
        """The environment for a test: made by whoever asks first. Its failure is everybody's, without a second try."""
        with self._lock:
            held = self._held.setdefault(wanted.key, _Held(wanted, _name(wanted)))
            held.users += 1
        with held.lock:
            if held.failure:
                raise held.failure
            if held.made is None:
                held.made = self._make(held)
        return held.made.environment

    def release(self, wanted: Wanted) -> None:
        """One user less; the last one ends it."""
        with self._lock:
            held = self._held[wanted.key]
            held.users -= 1
            if held.users:
                return
            del self._held[wanted.key]
        if held.made and wanted.scope == "test":
            self._end_later(held)
        else:
            self._end(held)

    def used_by(self, test: str, *, shared: bool) -> "list[Environment]":
        """Those that a test may have used: those it made, and what is ``shared`` by several."""
        with self._lock:
            held = [
                each
                for each in self._held.values()
                if each.wanted.test == test or (shared and each.wanted.scope != "test")
            ]
        return [each.made.environment for each in held if each.made]

    def is_empty(self) -> bool:
        """Whether there is none, nor one on its way."""
        return not self._held

    def close(self) -> None:
        """End whatever is left, half-made ones too, and return when it is gone."""
        with self._lock:
            left = list(self._held.values())
            self._held.clear()
        for held in left:
            self._end(held)
        self._supplier.close()
        if self._removers:
            self._removers.shutdown()

    def _make(self, held: _Held) -> Made:
        try:
            made = self._supplier.supply(held.wanted, held.name)
        except BaseException as failure:
            held.failure = failure
            raise
        self.records.append(made.record)
        return made

    def _end(self, held: _Held) -> None:
        made = held.made
        if made is None:
            if held.failure is None:
                from ephemeral import down

                down(held.name)  # whoever is making it fails at once
            return
        keep = held.wanted.keep == "always" or (held.wanted.keep == "on-failure" and made.record.name in self.failed)
        end(made, keep=keep, ttl=self._settings.keep_ttl)

    def _end_later(self, held: _Held) -> None:
        """The next test need not wait for the end of this one's environment."""
        if self._removers is None:
            from concurrent.futures import ThreadPoolExecutor

            self._removers = ThreadPoolExecutor(2, thread_name_prefix="ephemeral-down")
        self._removers.submit(self._end, held)


def _name(wanted: Wanted) -> str:
    from ephemeral import unique_name

    return unique_name(wanted.spec.name)
