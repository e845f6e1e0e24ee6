"""Telling people: the comment, the page of the run, annotations. Nothing of it ever fails the job."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ephemeral.errors import EphemeralError, ForgeError, PermissionMissingError
from ephemeral.forges.context import Context
from ephemeral.forges.escaping import command
from ephemeral.forges.forge import TOKENS, Forge
from ephemeral.forges.page import Page, render
from ephemeral.forges.sticky import stick

#: GitHub drops a step's summary that is larger.
_LARGEST_SUMMARY = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Where a run's news go. Without a forge (no token) there is no comment."""

    context: Context
    forge: Forge | None = None

    def tell(self, page: Page) -> None:
        """Put the page into the comment, and into the run's summary once there is a result."""
        if page.state != "building":
            append_summary(render(page))
        if page.state == "failed":
            self.error(page.error, title=f"environment {page.name} failed")
        if self.forge and self.context.number:
            try:
                body = render(page)
                final = page.state == "removed"
                stick(self.forge, self.context.number, page.name, body, run=self.context.run, final=final)
            except ForgeError as error:
                self.warn(_spell(error), title="no comment")

    def warn(self, text: str, *, title: str = "") -> None:
        """Say what is odd, as an annotation where there are any."""
        self._annotate("warning", text, title)

    def notice(self, text: str, *, title: str = "") -> None:
        """Say what is worth knowing, as an annotation where there are any."""
        self._annotate("notice", text, title)

    def error(self, text: str, *, title: str = "") -> None:
        """Say what failed, as an annotation where there are any."""
        self._annotate("error", text, title)

    def _annotate(self, kind: str, text: str, title: str) -> None:
        if self.context.forge == "github":
            print(command(kind, text, title=title), file=sys.stderr)  # noqa: T201 - what the runner reads
        else:
            print(f"{kind}: {f'{title}: ' if title else ''}{text}", file=sys.stderr)  # noqa: T201


def needed(forge: Forge | None, context: Context) -> Forge:
    """The forge, where nothing can be done without asking it. Raises PermissionMissingError when there is no token."""
    if forge:
        return forge
    variable = TOKENS[context.forge]
    permission = "pull-requests: read" if context.forge == "github" else "api"
    hint = "Give the step `env: GITHUB_TOKEN: ${{ github.token }}`." if context.forge == "github" else None
    message = f"{context.event} needs a token to ask {context.forge} with: {variable} is not set."
    raise PermissionMissingError(message, permission=permission, hint=hint)


def append_summary(markdown: str, environ: Mapping[str, str] | None = None) -> None:
    """Add to the summary that GitHub shows on the run's page; what does not fit is left out, at a line's end."""
    path = (os.environ if environ is None else environ).get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return
    try:
        with Path(path).open("ab") as summary:
            room = _LARGEST_SUMMARY - summary.tell() - 1
            text = f"{markdown}\n".encode()
            summary.write(text if len(text) <= room else text[: max(0, room)].rpartition(b"\n")[0])
    except OSError as error:
        print(f"no job summary: {path}: {error.strerror}", file=sys.stderr)  # noqa: T201


def _spell(error: EphemeralError) -> str:
    if isinstance(error, PermissionMissingError) and error.hint:
        return f"{error.message} {error.hint}"
    return error.message
