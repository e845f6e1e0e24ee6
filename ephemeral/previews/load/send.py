"""Sending one request and reading its answer to the end."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ephemeral.previews.load.plan import Destination, LoadPlan, Target

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

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
        import urllib3

        self._keep_alive = plan.keep_alive
        self._timeout = plan.timeout
        self._pools = urllib3.PoolManager(num_pools=4, maxsize=plan.in_flight, retries=False)

    def send(self, destination: Destination, target: Target) -> Answer:
        """Send one request; whatever goes wrong is in the answer."""
        from urllib3.exceptions import HTTPError

        until = time.monotonic() + self._timeout
        closing = {} if self._keep_alive else {"connection": "close"}
        try:
            response = self._pools.request(
                target.method,
                destination.url.rstrip("/") + target.path,
                body=target.body,
                headers={**closing, **target.headers, **destination.headers},
                timeout=self._timeout,
                redirect=False,
                preload_content=False,
            )
            return self._read(response, until)
        except (HTTPError, OSError, ValueError) as error:
            return Answer(status=0, error=_reason(error))

    def close(self) -> None:
        """Let go of connections that were kept."""
        self._pools.clear()

    def _read(self, response: "BaseHTTPResponse", until: float) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        whole = False
        try:
            for _ in response.stream(_CHUNK, decode_content=False):
                if time.monotonic() > until:
                    return Answer(status=0, headers=headers, error="the answer took too long to come to its end")
            whole = True
        finally:
            if whole and self._keep_alive:
                response.release_conn()
            else:
                response.close()
        return Answer(status=response.status, headers=headers)


def _reason(error: Exception) -> str:
    return type(error).__name__ if not str(error) else f"{type(error).__name__}: {error}"[:200]
