"""What a pipeline run is about, from its environment variables and event payload. Light on imports: `up` asks, too."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from ephemeral.errors import EphemeralError
from ephemeral.leases import Owner

Trigger = Literal["pull-request", "comment", "follow-up", "schedule", "manual", "other"]
"""Why a run started; ``follow-up`` is GitHub's workflow_run, which has secrets where a fork's own run has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One run of a pipeline. Text is empty where something does not apply; ``number`` is 0 outside pull requests."""

    forge: Literal["github", "gitlab"]
    trigger: Trigger
    server: str
    api: str
    repo: str
    event: str
    action: str = ""
    run: str = ""
    attempt: int = 1
    run_url: str = ""
    ref: str = ""
    sha: str = ""
    number: int = 0
    title: str = ""
    head_repo: str = ""
    head_ref: str = ""
    base_ref: str = ""
    base_sha: str = ""
    is_open: bool = True
    is_draft: bool = False
    labels: tuple[str, ...] = ()
    label: str = ""
    sender: str = ""
    comment: str = ""
    commented_at: datetime | None = None

    @property
    def home(self) -> str:
        """The repository, with the host it is on: several forges may share one host cluster."""
        return f"{urlsplit(self.server).netloc}/{self.repo}"

    @property
    def is_fork(self) -> bool:
        """Whether the pull request comes from another repository."""
        return bool(self.head_repo) and self.head_repo != self.repo

    @property
    def owner(self) -> Owner:
        """Whom an environment that this run makes belongs to."""
        attempt = f"/{self.attempt}" if self.run and self.attempt > 1 else ""
        number = str(self.number) if self.number else ""
        return Owner(repo=self.home, pull_request=number, run=f"{self.run}{attempt}", user=self.sender)


def read_context(environ: Mapping[str, str] | None = None) -> Context | None:
    """The run that this process is part of; None outside of GitHub and GitLab.

    Raises SpecError when GitHub's event payload is needed and can't be read.
    """
    environ = os.environ if environ is None else environ
    if environ.get("GITHUB_ACTIONS") == "true":
        from ephemeral.forges.github.context import read_github

        return read_github(environ)
    if environ.get("GITLAB_CI") == "true":
        from ephemeral.forges.gitlab.context import read_gitlab

        return read_gitlab(environ)
    return None


def owner_from_ci(environ: Mapping[str, str] | None = None) -> Owner | None:
    """Whom environments of this run belong to; None outside of CI, or when the run does not say who it is."""
    try:
        context = read_context(environ)
    except EphemeralError:
        return None
    return context.owner if context else None
