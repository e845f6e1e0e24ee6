"""What an event means for the environment of a pull request. Pure: what is not in the event has been asked before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ephemeral.forges.commands import Command
from ephemeral.forges.context import Context
from ephemeral.forges.forge import PullRequest

Verb = Literal["up", "down", "extend", "promote", "abort", "reconcile", "skip"]

_UP = ("", "opened", "reopened", "synchronize", "labeled", "ready_for_review")
_FORK = (
    "it comes from a fork, whose run gets no secrets and a token that may only read. "
    "docs/pull-requests.md shows how to give forks environments safely."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Which pull requests get an environment: those with ``label`` (empty: all), drafts too or not."""

    label: str = ""
    drafts: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is to be done, and why, in words for people."""

    verb: Verb
    reason: str
    by: timedelta = timedelta()


def decide(context: Context, rules: Rules, command: Command | None = None) -> Decision:
    """What the event asks for. Whether the pull request as it is now allows it is `object_to`'s to say."""
    match context.trigger:
        case "schedule" | "manual":
            return Decision(verb="reconcile", reason=f"the event is {context.event}")
        case "comment":
            if not command or not context.number or context.action != "created":
                return Decision(verb="skip", reason="the comment is no new command on a pull request")
            return Decision(verb=command.verb, reason=f"@{context.sender} asked for it", by=command.by)
        case "follow-up" if context.number:
            return Decision(verb="up", reason="the run that it follows is of this pull request")
        case "pull-request" if context.number:
            return _of_pull_request(context, rules)
    return Decision(verb="skip", reason=f"{context.event or 'the event'} is of no pull request")


def _of_pull_request(context: Context, rules: Rules) -> Decision:
    if context.is_fork and context.event != "pull_request_target":
        return Decision(verb="skip", reason=_FORK)
    match context.action:
        case "closed":
            return Decision(verb="down", reason="the pull request is closed")
        case "stopped":  # by GitLab after it was closed, when `auto_stop_in` is over, or by somebody
            return Decision(verb="down", reason="its review environment was stopped")
        case "unlabeled" if rules.label and context.label == rules.label:
            return Decision(verb="down", reason=f"label {rules.label} is gone")
        case "converted_to_draft" if not rules.drafts:
            return Decision(verb="down", reason="the pull request is a draft again")
        case "labeled" if context.label != rules.label:
            return Decision(verb="skip", reason=f"label {context.label} means nothing here")
        case action if action in _UP:
            return Decision(verb="up", reason=action or "the pipeline is of a merge request")
        case _:
            return Decision(verb="skip", reason=f"{context.action} changes nothing")


def object_to(found: PullRequest, context: Context, rules: Rules, labelled_at: datetime | None) -> str:
    """Why the pull request, as it is now, gets no environment at the context's commit; empty when it does."""
    if not found.is_open:
        return "the pull request is closed"
    if found.is_draft and not rules.drafts:
        return "the pull request is a draft"
    if rules.label and rules.label not in found.labels:
        return f"the pull request has no label {rules.label}"
    if context.sha and context.sha != found.head_sha:
        return f"its head is {found.head_sha[:12]} by now, not {context.sha[:12]}: a newer run takes care of it"
    if not found.is_fork:
        return ""
    return _object_to_fork(found, context, rules, labelled_at)


def _object_to_fork(found: PullRequest, context: Context, rules: Rules, labelled_at: datetime | None) -> str:
    """Who maintains the repository vouches for a fork's commits, by a label; it covers what was pushed before it."""
    if not rules.label:
        return "it comes from a fork, and no --label says which forks are trusted"
    if not found.pushed_at or not labelled_at or labelled_at < found.pushed_at:
        return f"it comes from a fork, which was pushed to after label {rules.label} was given: give it again"
    if context.commented_at and context.commented_at < found.pushed_at:
        return "the fork was pushed to after the comment: comment again"
    return ""
