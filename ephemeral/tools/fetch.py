"""Getting files by HTTP: transient failures are tried again, what is there already is not fetched twice."""

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from ephemeral.errors import SpecError
from ephemeral.tools import connection

CONNECT_SECONDS = 5.0
RETRY_SECONDS = 900.0
FIRST_PAUSE_SECONDS = 0.3
_ATTEMPTS = 5
_CHUNK = 1 << 18
_AGAIN_LATER = (408, 429)
_CUT_OFF = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)

UNREACHABLE: dict[str, str] = {}
"""Hosts that no connection was had with in this process, and why: they are not tried again."""

Result = TypeVar("Result")


class FetchError(Exception):
    """A file can't be had; the text says why. ``install`` makes a ToolError of it."""


class _TransientError(FetchError):
    """It may go well next time."""


def mirrored(url: str) -> str:
    """Return where ``url`` is fetched: ``<EPHEMERAL_MIRROR>/<host>/<path>``; else ``url``."""
    mirror = os.environ.get("EPHEMERAL_MIRROR", "").rstrip("/")
    if not mirror:
        return url
    parts = urlsplit(mirror)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SpecError("EPHEMERAL_MIRROR is not a http:// or https:// address")
    if parts.username or parts.password:
        raise SpecError("EPHEMERAL_MIRROR carries a user or password", hint="name a mirror that asks for none")
    original = urlsplit(url)
    return f"{mirror}/{original.netloc}{original.path}"


def text(url: str) -> str:
    """Return what is at ``url``; FetchError if it can't be had."""

    def attempt() -> str:
        with _open(url) as response:
            expected = response.length
            body = b"".join(iter(lambda: _read(response), b""))
        _check_whole(len(body), expected)
        return body.decode(errors="replace")

    return _again(attempt)


def save(url: str, part: Path, *, heard: Callable[[int, int | None], None]) -> None:
    """Bring the file at ``url`` to ``part``, going on where an earlier, interrupted call stopped.

    ``heard`` is told how many bytes are there and how many there will be (None: the server does not say).
    Raises FetchError if it can't be had; what came so far stays for the next call.
    """

    def attempt() -> None:
        have = part.stat().st_size if part.exists() else 0
        try:
            response = _open(url, {"Range": f"bytes={have}-"} if have else {})
        except _RangeRefusedError as error:
            part.unlink(missing_ok=True)
            raise _TransientError(str(error)) from error
        with response:
            resumed = response.status == http.client.PARTIAL_CONTENT and _starts_at(response, have)
            _copy(response, part, have if resumed else 0, heard)

    _again(attempt)


def reach(url: str, seconds: float) -> str:
    """Return why the host of ``url`` can't be reached within ``seconds``; empty when it answers."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - http and https only, see mirrored()

    def ask() -> None:
        try:
            connection.opener().open(request, timeout=seconds).close()
        except urllib.error.HTTPError as error:
            error.close()

    try:
        connection.within(seconds, ask)
    except (OSError, http.client.HTTPException) as error:
        return _words(error)
    return ""


class _RangeRefusedError(FetchError):
    """What is there already is not the beginning of the file."""


def _again(attempt: Callable[[], Result]) -> Result:
    retrying = Retrying(
        retry=retry_if_exception_type(_TransientError),
        stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(RETRY_SECONDS),
        wait=wait_exponential(FIRST_PAUSE_SECONDS, max=5) + wait_random(0, FIRST_PAUSE_SECONDS),
        reraise=True,
    )
    return retrying(attempt)


def _open(url: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    host = urlsplit(url).netloc
    if host in UNREACHABLE:
        raise FetchError(UNREACHABLE[host])
    request = urllib.request.Request(url, headers={"User-Agent": "ephemeral", **(headers or {})})  # noqa: S310
    try:
        response: http.client.HTTPResponse = connection.opener().open(request, timeout=CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, _CUT_OFF):
            raise _TransientError(_words(error)) from error
        UNREACHABLE[host] = f"{host} can't be reached: {_words(error)}"
        raise FetchError(UNREACHABLE[host]) from error
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(_words(error)) from error
    return response


def _refusal(error: urllib.error.HTTPError) -> FetchError:
    said = f"HTTP {error.code} {error.reason}"
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _RangeRefusedError(said)
    return _TransientError(said) if error.code >= 500 or error.code in _AGAIN_LATER else FetchError(said)


def _starts_at(response: http.client.HTTPResponse, offset: int) -> bool:
    return (response.headers["Content-Range"] or "").startswith(f"bytes {offset}-")


def _copy(response: http.client.HTTPResponse, part: Path, have: int, heard: Callable[[int, int | None], None]) -> None:
    total = None if response.length is None else have + response.length
    with part.open("ab" if have else "wb") as file:
        while chunk := _read(response):
            file.write(chunk)
            have += len(chunk)
            heard(have, total)
    _check_whole(have, total)


def _check_whole(have: int, total: int | None) -> None:
    if total is not None and have < total:
        raise _TransientError(f"it broke off after {have} of {total} bytes")


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(_words(error)) from error


def _words(error: BaseException) -> str:
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return _words(error.reason)
    if isinstance(error, TimeoutError) and not isinstance(error, connection.NoAnswerError):
        return f"it stalled: no byte for {connection.STALL_SECONDS:g} s"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
