"""The Forge protocol on GitHub: github3.py where it covers what is needed, its session elsewhere."""

import base64
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import github3

from ephemeral.errors import ForgeError
from ephemeral.forges.context import Context
from ephemeral.forges.forge import Note, PullRequest
from ephemeral.forges.github.session import Session, telling
from ephemeral.forges.patience import is_gone

_READ = "pull-requests: read"
_WRITE = "pull-requests: write"
_CONTENTS = "contents: read"
_DEPLOYMENTS = "deployments: read"
_TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")


class GitHub:
    """One repository on GitHub."""

    def __init__(self, context: Context, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.session = Session(context.api, token, sleep=sleep)
        self.github = github3.GitHub(session=self.session)
        self.owner, _, self.repo = context.repo.partition("/")
        self.path = f"repos/{context.repo}"

    def pull_request(self, number: int) -> PullRequest:
        """The pull request as it is now."""
        with telling(f"pull request #{number} can't be read", _READ):
            found = self.github.pull_request(self.owner, self.repo, number).as_dict()
        # The repository of a fork that was deleted is null; its branch can't change any more, nor be fetched.
        head, repo = found["head"], found["head"]["repo"] or {}
        return PullRequest(
            number=number,
            is_open=found["state"] == "open",
            is_draft=bool(found.get("draft")),
            is_fork=repo.get("full_name", "deleted").lower() != f"{self.owner}/{self.repo}".lower(),
            labels=tuple(each["name"] for each in found["labels"]),
            head_sha=head["sha"],
            base_ref=found["base"]["ref"],
            pushed_at=datetime.fromisoformat(repo["pushed_at"]) if repo.get("pushed_at") else None,
        )

    def number_of(self, head_repo: str, head_ref: str, sha: str) -> int:
        """The open pull request from that branch whose head is ``sha``; 0 when there is none."""
        what = f"the pull request of {head_repo}:{head_ref} can't be found"
        head = f"{head_repo.partition('/')[0]}:{head_ref}"
        found = self.session.pages(f"{self.path}/pulls", what=what, permission=_READ, head=head, state="open")
        return next((int(each["number"]) for each in found if each["head"]["sha"] == sha), 0)

    def may_write(self, user: str) -> bool:
        """Whether a user may write to the repository."""
        path = f"{self.path}/collaborators/{user}/permission"
        what = f"what {user} may do can't be asked"
        answer = self.session.ask("GET", path, what=what, permission="metadata: read")
        return answer.json()["permission"] in ("admin", "write")  # maintain counts as write here

    def labelled_at(self, number: int, label: str) -> datetime | None:
        """When the pull request got that label last; None when it never did."""
        what = f"the events of pull request #{number} can't be read"
        events = self.session.pages(f"{self.path}/issues/{number}/events", what=what, permission=_READ)
        moments = [
            datetime.fromisoformat(each["created_at"])
            for each in events
            if each["event"] == "labeled" and each["label"]["name"] == label
        ]
        return max(moments, default=None)

    def file_at(self, path: str, ref: str) -> str | None:
        """The text of a file of the repository; None when there is no such file."""
        what = f"{path} of {ref} can't be read"
        answer = self.session.ask(
            "GET",
            f"{self.path}/contents/{path}",
            what=what,
            permission=_CONTENTS,
            may_be_gone=True,
            params={"ref": ref},
            headers={"Accept": "application/vnd.github+json"},
        )
        if is_gone(answer):
            # Is there no such file, or may the token see none? The commit tells.
            self.session.ask("GET", f"{self.path}/commits/{ref}", what=what, permission=_CONTENTS)
            return None
        found = answer.json()
        if not isinstance(found, dict) or found.get("encoding") != "base64":
            raise ForgeError(f"{what}: it is no file.")
        return base64.b64decode(found["content"]).decode()

    def deployed(self, ref: str) -> str:
        """The commit of the newest deployment of a branch that succeeded; empty when there is none."""
        what, path = f"the deployments of {ref} can't be read", f"{self.path}/deployments"
        for each in self.session.pages(path, what=what, permission=_DEPLOYMENTS, ref=ref):
            statuses = self.session.ask("GET", f"{path}/{each['id']}/statuses", what=what, permission=_DEPLOYMENTS)
            # The newest comes first; one that a later deployment has replaced is inactive.
            if any(status["state"] in ("success", "inactive") for status in statuses.json()[:1]):
                return str(each["sha"])
        return ""

    def notes(self, number: int) -> Sequence[Note]:
        """All comments, oldest first."""
        with telling(f"the comments of #{number} can't be read", _READ):
            return [_note(each.as_dict()) for each in self._issue(number).comments()]

    def add_note(self, number: int, body: str) -> Note:
        """Comment on the pull request."""
        with telling(f"a comment on #{number} can't be made", _WRITE):
            return _note(self._issue(number).create_comment(body).as_dict())

    def edit_note(self, number: int, note: Note, body: str) -> bool:
        """Replace a comment's text; False when it is gone."""
        return self._change_note("PATCH", number, note, json={"body": body})

    def remove_note(self, number: int, note: Note) -> None:
        """Delete a comment; one that is gone is fine."""
        self._change_note("DELETE", number, note)

    def _change_note(self, method: str, number: int, note: Note, **options: Any) -> bool:
        path, what = f"{self.path}/issues/comments/{note.id}", f"the comment on #{number} can't be changed"
        answer = self.session.ask(method, path, what=what, permission=_WRITE, may_be_gone=True, **options)
        return not is_gone(answer)

    def _issue(self, number: int) -> Any:
        return self.github.issue(self.owner, self.repo, number)


def _note(found: dict[str, Any]) -> Note:
    is_trusted = found["author_association"] in _TRUSTED or found["user"]["type"] == "Bot"
    return Note(id=found["id"], body=found["body"] or "", is_trusted=is_trusted)
