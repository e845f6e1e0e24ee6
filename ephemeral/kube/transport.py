"""HTTP to one API server: pooled connections, a timeout on every call, errors in the server's own words."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError

from ephemeral.errors import ClusterError
from ephemeral.kube.kubeconfig import Access

CONNECTIONS = 8
REQUEST_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_OUTAGE_SECONDS = 15.0


class ApiError(ClusterError):
    """The API server answered with an error, or (``status`` 0) did not answer just now.

    ``reason`` is Kubernetes' own word: ``NotFound``, ``Invalid``, ``Forbidden``, ...
    """

    def __init__(self, message: str, *, status: int, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Transport:
    """Sends requests to one API server; threads may share it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = _pool(access)
        self._silent_since: float | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = REQUEST_SECONDS,
    ) -> BaseHTTPResponse:
        """Send one request and read the whole answer. ``body`` goes out as JSON; ``timeout`` is in seconds.

        Raises ApiError; or ClusterError when the server has not answered for so long that it must be gone.
        """
        content = None if body is None else json.dumps(body).encode()
        response = self._send(method, path, query, headers, timeout, body=content)
        if response.status >= 400:
            raise _refusal(response.status, response.data)
        return response

    def lines(
        self, path: str, *, query: Mapping[str, str] | None = None, timeout: float = REQUEST_SECONDS
    ) -> "LineStream":
        """Open an answer to be read line by line while it comes in; ``timeout`` is the longest silence in seconds.

        Raises what ``request`` raises.
        """
        response = self._send("GET", path, query, None, timeout, preload_content=False)
        if response.status >= 400:
            raise _refusal(response.status, response.read())
        return LineStream(response)

    def server_time(self) -> datetime:
        """What the API server's clock says, to the second: events carry its time, not ours."""
        return parsedate_to_datetime(self.request("GET", "/version").headers["Date"]).astimezone(UTC)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        timeout: float,
        **options: Any,
    ) -> BaseHTTPResponse:
        url = f"{self._access.server}{path}" + (f"?{urlencode(query)}" if query else "")
        patience = Timeout(connect=min(_CONNECT_SECONDS, timeout), read=timeout)
        try:
            response = self._pool.request(
                method, url, headers=self._headers(headers), timeout=patience, retries=False, **options
            )
        except HTTPError as error:
            raise self._no_answer(error) from error
        self._silent_since = None
        return response

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json, */*", **(more or {})}
        if authorization := self._access.authorization():
            headers["Authorization"] = authorization
        return headers

    def _no_answer(self, error: Exception) -> ClusterError:
        now = time.monotonic()
        self._silent_since = self._silent_since or now
        message = f"the API server at {self._access.server} does not answer: {error}"
        if now - self._silent_since > _OUTAGE_SECONDS:
            return ClusterError(message, hint="is the environment still alive? `ephemeral list` shows it")
        return ApiError(message, status=0, reason="NoAnswer")


class LineStream:
    """Lines of an answer that is still coming in; a context manager that closes it."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response
        self._stopped = False

    def __enter__(self) -> "LineStream":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._response.close()

    def __iter__(self) -> Iterator[str]:
        rest = b""
        try:
            for chunk in self._response.stream():
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
        except HTTPError as error:
            if not self._stopped:
                raise ApiError(f"the answer broke off: {error}", status=0, reason="NoAnswer") from error
        if rest:
            yield rest.decode(errors="replace")

    def stop(self) -> None:
        """End the iteration from another thread."""
        self._stopped = True
        with suppress(ValueError):  # it has come to its end already
            self._response.shutdown()


def _pool(access: Access) -> PoolManager:
    options: dict[str, Any] = {"maxsize": CONNECTIONS, "ssl_context": access.tls}
    if access.tls_server_name:
        options |= {"server_hostname": access.tls_server_name, "assert_hostname": access.tls_server_name}
    return ProxyManager(access.proxy, **options) if access.proxy else PoolManager(**options)


def _refusal(status: int, content: bytes) -> ApiError:
    try:
        answer = json.loads(content)
        return ApiError(answer["message"], status=status, reason=answer.get("reason", ""))
    except (ValueError, KeyError, TypeError):
        return ApiError(content.decode(errors="replace").strip() or f"HTTP status {status}", status=status)
