"""REST requests that meet rate limits, secondary limits and servers that stumble: tried again until a deadline."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from ephemeral.errors import ForgeError, PermissionMissingError, WaitError
from ephemeral.waiting import Deadline, NotYet, wait_until

#: GitHub asks to wait a minute at a secondary limit; nobody's job should wait much longer for a comment.
PATIENCE_SECONDS = 90.0
_STUMBLES = (500, 502, 503, 504)
_RESETS = ("x-ratelimit-reset", "ratelimit-reset")
_TITLE = "the forge did not answer"


def send_patiently(
    send: Callable[[], requests.Response], deadline: Deadline, *, sleep: Callable[[float], None] = time.sleep
) -> requests.Response:
    """The answer to a request, which is sent again while the server asks for time, stumbles or can't be reached.

    A ``Retry-After`` is honoured; when it lies behind the deadline nobody waits for it. Raises ForgeError.
    """
    pause = 0.0

    def probe() -> requests.Response:
        nonlocal pause
        pause = 0.0
        try:
            answer = send()
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NotYet(f"{type(error).__name__}: {error}") from error
        seconds = _wanted_pause(answer)
        if seconds is None:
            return answer
        seen = f"{answer.status_code} {_words(answer)}"
        if seconds > deadline.remaining():
            raise ForgeError(f"{_TITLE}: {seen}: it asks to wait {seconds:.0f} s, which is too long.")
        pause = seconds
        raise NotYet(seen)

    try:
        return wait_until(
            probe,
            deadline=deadline,
            what=_TITLE,
            interval=0.5,
            max_interval=10.0,
            sleep=lambda seconds: sleep(max(seconds, pause)),
        )
    except WaitError as error:
        raise ForgeError(error.message) from error


def _wanted_pause(answer: requests.Response) -> float | None:
    """Seconds to wait before the next attempt; None when the answer is final."""
    if answer.status_code in _STUMBLES:
        return _retry_after(answer)
    limited = answer.status_code == 429 or (
        answer.status_code == 403
        and (
            "retry-after" in answer.headers
            or answer.headers.get("x-ratelimit-remaining") == "0"
            or "secondary rate limit" in answer.text
        )
    )
    return _retry_after(answer) if limited else None


def _retry_after(answer: requests.Response) -> float:
    given = answer.headers.get("retry-after", "")
    if given.isdecimal():
        return float(given)
    for name in _RESETS:
        if answer.headers.get(name, "").isdecimal():
            return max(0.0, float(answer.headers[name]) - time.time())
    return 0.0


def check(answer: requests.Response, what: str, permission: str) -> requests.Response:
    """The answer, if it is a good one. Raises ForgeError, PermissionMissingError with the permission that it takes."""
    if answer.ok:
        return answer
    if answer.status_code in (401, 403, 404):
        raise missing(what, answer, permission)
    raise ForgeError(f"{what}: {answer.status_code} {_words(answer)}.")


def is_gone(answer: requests.Response) -> bool:
    """Whether the answer says that there is no such thing, or that the token may not know of it."""
    return answer.status_code in (404, 410)


def missing(what: str, answer: requests.Response, permission: str) -> PermissionMissingError:
    """The error of a token that may not do something. GitHub names what it takes; 404 hides that a thing is there."""
    named = answer.headers.get("x-accepted-github-permissions", "").replace("=", ": ").replace("_", "-")
    permission = named or permission
    hint = f"Give the token `{permission}`; docs/pull-requests.md says which feature needs what."
    return PermissionMissingError(
        f"{what}: {answer.status_code} {_words(answer)}: the token lacks {permission}, or there is no such thing.",
        permission=permission,
        hint=hint,
    )


@contextmanager
def in_words(what: str) -> Iterator[None]:
    """What goes wrong on the way of a request, told as an error of ours."""
    try:
        yield
    except requests.RequestException as error:
        raise ForgeError(f"{what}: {type(error).__name__}: {error}") from error


def _words(answer: requests.Response) -> str:
    """The server's own message, one short line."""
    try:
        body = answer.json()
        words = body.get("message") or body.get("error") if isinstance(body, dict) else ""
    except ValueError:
        words = ""
    return " ".join(str(words or answer.reason or "").split())[:200].rstrip(".")
