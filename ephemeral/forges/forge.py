"""The seam between the life of an environment and the forge that its pull request is on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ephemeral.errors import SpecError
from ephemeral.forges.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request as it is now. ``pushed_at`` is when its branch may have changed last, by the forge's clock."""

    number: int
    is_open: bool
    is_draft: bool
    is_fork: bool
    labels: tuple[str, ...]
    head_sha: str
    base_ref: str
    pushed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A comment on a pull request. Whoever may not write to the repository is not to be trusted with our marker."""

    id: int
    body: str
    is_trusted: bool


def as_event_has_it(context: Context) -> PullRequest:
    """The pull request in the words of the event."""
    return PullRequest(
        number=context.number,
        is_open=context.is_open,
        is_draft=context.is_draft,
        is_fork=context.is_fork,
        labels=context.labels,
        head_sha=context.sha,
        base_ref=context.base_ref,
        pushed_at=None,
    )


class Forge(Protocol):
    """What is asked of a forge, about the one repository of the context. One contract suite (tests/contract/forges).

    Every call raises ForgeError, or PermissionMissingError, which names what the token lacks.
    """

    def pull_request(self, number: int) -> PullRequest:
        """The pull request as it is now."""
        ...

    def number_of(self, head_repo: str, head_ref: str, sha: str) -> int:
        """The open pull request from that branch whose head is ``sha``; 0 when there is none."""
        ...

    def may_write(self, user: str) -> bool:
        """Whether a user may write to the repository."""
        ...

    def labelled_at(self, number: int, label: str) -> datetime | None:
        """When the pull request got that label last; None when it never did."""
        ...

    def file_at(self, path: str, ref: str) -> str | None:
        """The text of a file of the repository; None when there is no such file."""
        ...

    def deployed(self, ref: str) -> str:
        """The commit of the newest deployment of a branch that succeeded; empty when there is none."""
        ...

    def notes(self, number: int) -> Sequence[Note]:
        """All comments, oldest first."""
        ...

    def add_note(self, number: int, body: str) -> Note:
        """Comment on the pull request."""
        ...

    def edit_note(self, number: int, note: Note, body: str) -> bool:
        """Replace a comment's text; False when it is gone."""
        ...

    def remove_note(self, number: int, note: Note) -> None:
        """Delete a comment; one that is gone is fine."""
        ...


def connect(context: Context, token: str) -> Forge:
    """The forge of a run. Nothing is sent yet. Raises SpecError when what its client needs is not installed."""
    try:
        if context.forge == "github":
            from ephemeral.forges.github.client import GitHub

            return GitHub(context, token)
        from ephemeral.forges.gitlab.client import GitLab

        return GitLab(context, token)
    except ModuleNotFoundError as error:
        hint = f"pip install 'ephemeral-k8s[{context.forge}]'"
        raise SpecError(f"{error.name} is not installed, which {context.forge} needs.", hint=hint) from error


#: The variable that has the token. Nothing else is looked for: a token on a command line would be in every log.
TOKENS = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN"}
