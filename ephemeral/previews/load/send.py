"""Sending one request and reading its answer to the end."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ephemeral.previews.load.plan import Destination, LoadPlan, Target

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_CHUNK = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: ``status`` 0 and ``error`` when nothing whole did. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class Sender:
    """Sends requests over HTTP, never twice: a retry would hide the failure that is looked for."""

    def __init__(self, plan: LoadPlan) -> None:
        self._timeout = plan.timeout
        self._connections = plan.in_flight
        self._kept = self._pools() if plan.keep_alive else None

    def send(self, destination: Destination, target: Target) -> Answer:
        """Send one request; whatever goes wrong is in the answer."""
        if self._kept:
            return self._ask(self._kept, destination, target, {})
        pools = self._pools()
        try:
            return self._ask(pools, destination, target, {"connection": "close"})
        finally:
            pools.clear()

    def close(self) -> None:
        """Let go of connections that were kept."""
        if self._kept:
            self._kept.clear()

    def _pools(self) -> "PoolManager":
        import urllib3

        return urllib3.PoolManager(num_pools=4, maxsize=self._connections, retries=False)

    def _ask(
        self, pools: "PoolManager", destination: Destination, target: Target, headers: Mapping[str, str]
    ) -> Answer:
        from urllib3.exceptions import HTTPError

        until = time.monotonic() + self._timeout
        try:
            response = pools.request(
                target.method,
                destination.url.rstrip("/") + target.path,
                body=target.body,
                headers={**headers, **target.headers, **destination.headers},
                timeout=self._timeout,
                redirect=False,
                preload_content=False,
            )
            return _read(response, until)
        except (HTTPError, OSError, ValueError) as error:
            return Answer(status=0, error=_reason(error))


def _read(response: "BaseHTTPResponse", until: float) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    # Read to its end, a connection goes back to be used again by itself; only one that is cut short must be closed.
    for _ in response.stream(_CHUNK, decode_content=False):
        if time.monotonic() > until:
            response.close()
            return Answer(status=0, headers=headers, error="the answer took too long to come to its end")
    return Answer(status=response.status, headers=headers)


def _reason(error: Exception) -> str:
    return type(error).__name__ if not str(error) else f"{type(error).__name__}: {error}"[:200]
