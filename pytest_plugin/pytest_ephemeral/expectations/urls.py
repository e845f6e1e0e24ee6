"""Sentences about a URL: it answers."""

import urllib.error
import urllib.request

from ephemeral.waiting import NotYet
from pytest_ephemeral.expectations.waiting import TIMEOUT, await_state

_ATTEMPT_SECONDS = 5.0
_SHOWN = 200


class Answers:
    """One URL, asked with GET until it answers as expected."""

    def __init__(self, url: str) -> None:
        self._url = url

    def answers(self, status: int = 200, *, containing: str = "", timeout: float = TIMEOUT) -> str:
        """It answers with this status and a body that contains ``containing``; returns the body."""
        __tracebackhide__ = True

        def probe() -> str:
            got, body = _get(self._url)
            if got == status and containing in body:
                return body
            raise NotYet(f"status {got}: {body[:_SHOWN]}" if got else body)

        what = f"{self._url} to answer {status}" + (f" with {containing!r}" if containing else "")
        return await_state(probe, what=what, timeout=timeout)


def _get(url: str) -> tuple[int, str]:
    """Status and body; status 0 and the reason when nobody answers. No proxy: what is tested is here."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_ATTEMPT_SECONDS) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, f"no answer: {getattr(error, 'reason', error)}"
