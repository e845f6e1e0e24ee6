"""github3.py's session, patient; and a small helper on it for what github3.py does not cover."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import github3
import requests
from github3.session import GitHubSession

from ephemeral import __version__
from ephemeral.errors import ForgeError
from ephemeral.forges.patience import PATIENCE_SECONDS, check, in_words, is_gone, missing, send_patiently
from ephemeral.waiting import Deadline


class Session(GitHubSession):  # type: ignore[misc]  # github3.py has no types
    """A session at one API whose requests are sent again when the server asks for time."""

    def __init__(self, api: str, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self.base_url = api.rstrip("/")
        self.headers["User-Agent"] = f"ephemeral/{__version__}"
        self.headers["X-GitHub-Api-Version"] = "2022-11-28"
        self._sleep = sleep
        if token:
            self.token_auth(token)

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request. Raises ForgeError when no final answer comes in time."""
        return send_patiently(
            lambda: super(Session, self).request(*arguments, **options), Deadline(PATIENCE_SECONDS), sleep=self._sleep
        )

    def ask(
        self, method: str, path: str, *, what: str, permission: str, may_be_gone: bool = False, **options: Any
    ) -> requests.Response:
        """Send a request to a path below the API. Raises ForgeError, PermissionMissingError.

        ``may_be_gone``: what is not there is an answer, too (404, 410).
        """
        with in_words(what):
            answer = self.request(method, f"{self.base_url}/{quote(path)}", **options)
        return answer if may_be_gone and is_gone(answer) else check(answer, what, permission)

    def pages(self, path: str, *, what: str, permission: str, **params: Any) -> Iterator[Any]:
        """The items of a list, over all of its pages."""
        page = 1
        while page:
            query = {**params, "per_page": 100, "page": page}
            answer = self.ask("GET", path, what=what, permission=permission, params=query)
            yield from answer.json()
            page = page + 1 if "next" in answer.links else 0


@contextmanager
def telling(what: str, permission: str) -> Iterator[None]:
    """What github3.py raises, told as an error of ours."""
    try:
        with in_words(what):
            yield
    except github3.exceptions.GitHubException as error:
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code in (401, 403, 404):
            raise missing(what, answer, permission) from error
        raise ForgeError(f"{what}: {error}.") from error
