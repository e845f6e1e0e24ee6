"""One request at a time: who answers, and whether anybody does."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ephemeral.previews.names import RESPONSE_HEADER
from ephemeral.waiting import Deadline, NotYet, wait_until

_ATTEMPT_SECONDS = 5.0
#: What a gateway says in place of an app that it can't reach.
_NOBODY = frozenset({502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Who answered (``arm`` is empty when the answer does not say), with which status; or what went wrong."""

    arm: str
    status: int
    error: str = ""

    @property
    def answered(self) -> bool:
        """Whether an app answered, whatever it said."""
        return not self.error and (bool(self.arm) or self.status not in _NOBODY)


def ask(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """GET ``url`` on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_ATTEMPT_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers=dict(headers or {}))
        response = connection.getresponse()
        response.read()
        return Answer(arm=response.headers.get(RESPONSE_HEADER, ""), status=response.status)
    except (OSError, http.client.HTTPException) as error:
        return Answer(arm="", status=0, error=str(error) or type(error).__name__)
    finally:
        connection.close()


def wait_only(url: str, arm: str, *, times: int, deadline: Deadline, named: bool = False) -> None:
    """Return once ``times`` requests on end were answered, and by ``arm`` alone where answers say by whom.

    With ``named`` they have to say it. Raises WaitError.
    """
    right = (arm,) if named else ("", arm)

    def attempt() -> None:
        for number in range(times):
            answer = ask(url)
            if not answer.answered or answer.arm not in right:
                seen = answer.error or f"{answer.arm or 'somebody'} answered with {answer.status}"
                raise NotYet(f"request {number + 1}: {seen}")

    wait_until(attempt, deadline=deadline, what=f"{url} answered by the {arm} alone", max_interval=0.2)


def wait_some(url: str, arm: str, *, within: int, headers: Mapping[str, str] | None = None, deadline: Deadline) -> None:
    """Return once ``arm`` has answered one of ``within`` requests. Raises WaitError."""

    def attempt() -> None:
        seen = ""
        for _ in range(within):
            answer = ask(url, headers)
            if answer.arm == arm:
                return
            seen = answer.error or f"{answer.arm or 'somebody'} answered with {answer.status}"
        raise NotYet(f"{within} requests: {seen}")

    wait_until(attempt, deadline=deadline, what=f"{url} answered by the {arm}", max_interval=0.2)
