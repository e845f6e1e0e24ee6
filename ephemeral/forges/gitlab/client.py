"""The Forge protocol on GitLab's REST API."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from ephemeral import __version__
from ephemeral.errors import ForgeError
from ephemeral.forges.context import Context
from ephemeral.forges.forge import Note, PullRequest
from ephemeral.forges.patience import PATIENCE_SECONDS, check, in_words, is_gone, send_patiently
from ephemeral.waiting import Deadline

_SCOPE = "api"
#: Access level of the role Developer, the first that may push.
_DEVELOPER = 30


class GitLab:
    """One project on GitLab. Its job token may not comment: the token is a project's access token of scope `api`."""

    def __init__(self, context: Context, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base = f"{context.api}/projects/{quote(context.repo, safe='')}"
        self._sleep = sleep
        self._writers: dict[int, bool] = {}
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"ephemeral/{__version__}"
        if token:
            self._session.headers["PRIVATE-TOKEN"] = token

    def pull_request(self, number: int) -> PullRequest:
        """The merge request as it is now."""
        found = self._ask("GET", f"merge_requests/{number}", what=f"merge request !{number} can't be read").json()
        return PullRequest(
            number=number,
            is_open=found["state"] == "opened",
            is_draft=bool(found["draft"]),
            is_fork=found["source_project_id"] != found["target_project_id"],
            labels=tuple(found["labels"]),
            head_sha=found["sha"] or "",
            base_ref=found["target_branch"],
            pushed_at=datetime.fromisoformat(found["updated_at"]),  # a push updates it, and so does much else
        )

    def number_of(self, head_repo: str, head_ref: str, sha: str) -> int:
        """The open merge request from that branch whose head is ``sha``; 0 when there is none."""
        what = f"the merge request of {head_ref} can't be found"
        found = self._pages("merge_requests", what=what, source_branch=head_ref, state="opened")
        return next((int(each["iid"]) for each in found if each["sha"] == sha), 0)

    def may_write(self, user: str) -> bool:
        """Whether a user may write to the repository."""
        found = self._pages("members/all", what=f"what {user} may do can't be asked", query=user)
        return any(each["username"] == user and each["access_level"] >= _DEVELOPER for each in found)

    def labelled_at(self, number: int, label: str) -> datetime | None:
        """When the merge request got that label last; None when it never did."""
        path = f"merge_requests/{number}/resource_label_events"
        events = self._pages(path, what=f"the label events of !{number} can't be read")
        moments = [
            datetime.fromisoformat(each["created_at"])
            for each in events
            if each["action"] == "add" and each["label"] and each["label"]["name"] == label
        ]
        return max(moments, default=None)

    def file_at(self, path: str, ref: str) -> str | None:
        """The text of a file of the repository; None when there is no such file."""
        where, what = f"repository/files/{quote(path, safe='')}/raw", f"{path} of {ref} can't be read"
        answer = self._ask("GET", where, what=what, may_be_gone=True, params={"ref": ref})
        if is_gone(answer):
            # Is there no such file, or may the token see none? The tree tells.
            self._ask("GET", "repository/tree", what=what, params={"ref": ref, "per_page": 1})
            return None
        return answer.text

    def deployed(self, ref: str) -> str:
        """The commit of the newest deployment of a branch that succeeded; empty when there is none."""
        query = {"order_by": "id", "sort": "desc", "status": "success"}
        found = self._pages("deployments", what=f"the deployments of {ref} can't be read", **query)
        return next((str(each["sha"]) for each in found if each["ref"] == ref), "")

    def notes(self, number: int) -> Sequence[Note]:
        """All comments, oldest first."""
        path, what = f"merge_requests/{number}/notes", f"the notes of !{number} can't be read"
        found = self._pages(path, what=what, sort="asc", order_by="created_at")
        return [self._note(each) for each in found if not each["system"]]

    def add_note(self, number: int, body: str) -> Note:
        """Comment on the merge request."""
        path, what = f"merge_requests/{number}/notes", f"a note on !{number} can't be made"
        return self._note(self._ask("POST", path, what=what, json={"body": body}).json())

    def edit_note(self, number: int, note: Note, body: str) -> bool:
        """Replace a comment's text; False when it is gone."""
        return self._change_note("PUT", number, note, json={"body": body})

    def remove_note(self, number: int, note: Note) -> None:
        """Delete a comment; one that is gone is fine."""
        self._change_note("DELETE", number, note)

    def _change_note(self, method: str, number: int, note: Note, **options: Any) -> bool:
        path, what = f"merge_requests/{number}/notes/{note.id}", f"the note on !{number} can't be changed"
        return not is_gone(self._ask(method, path, what=what, may_be_gone=True, **options))

    def _note(self, found: dict[str, Any]) -> Note:
        """Only who is asked about: most comments are no business of ours."""
        body = found["body"] or ""
        is_trusted = body.startswith("<!--") and self._is_writer(found["author"]["id"])
        return Note(id=found["id"], body=body, is_trusted=is_trusted)

    def _is_writer(self, user: int) -> bool:
        if user not in self._writers:
            what = "who wrote a note can't be asked"
            answer = self._ask("GET", f"members/all/{user}", what=what, may_be_gone=True)
            self._writers[user] = answer.ok and answer.json()["access_level"] >= _DEVELOPER
        return self._writers[user]

    def _ask(
        self, method: str, path: str, *, what: str, may_be_gone: bool = False, **options: Any
    ) -> requests.Response:
        with in_words(what):
            answer = send_patiently(
                lambda: self._session.request(method, f"{self._base}/{path}", timeout=(4, 20), **options),
                Deadline(PATIENCE_SECONDS),
                sleep=self._sleep,
            )
        return answer if may_be_gone and is_gone(answer) else check(answer, what, _SCOPE)

    def _pages(self, path: str, *, what: str, **params: Any) -> Iterator[Any]:
        page = "1"
        while page:
            answer = self._ask("GET", path, what=what, params={**params, "per_page": 100, "page": page})
            found = answer.json()
            if not isinstance(found, list):
                raise ForgeError(f"{what}: a list is expected.")
            yield from found
            page = answer.headers.get("x-next-page", "")
