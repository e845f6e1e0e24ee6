"""Every environment of a repository against the state of its pull request: events get lost, and so do jobs."""

from dataclasses import dataclass, replace
from typing import Any

from ephemeral import environment as environments
from ephemeral.errors import EphemeralError
from ephemeral.fleet import list_environments
from ephemeral.forges.context import Context
from ephemeral.forges.forge import Forge, PullRequest
from ephemeral.forges.page import Page
from ephemeral.forges.rules import Rules
from ephemeral.forges.telling import Audience


@dataclass(frozen=True, kw_only=True, slots=True)
class Reclaimed:
    """An environment that should be gone: why, and what went wrong (empty: nothing)."""

    name: str
    pull_request: str
    reason: str
    error: str = ""


def reconcile(context: Context, forge: Forge, rules: Rules, *, dry_run: bool = False) -> list[Reclaimed]:
    """Remove environments of the context's repository whose pull request is closed or no longer meets the rules.

    One failure never stops the rest. With ``dry_run`` it only says what it would remove.
    """
    everything = list_environments(everywhere=True)
    found = [each for each in everything if each.get("owner", {}).get("repo") == context.home]
    audience = Audience(context=context, forge=forge)
    reclaimed = []
    for each in found:
        if each["owner"].get("pull_request"):
            entry = _look_at(each, context, forge, rules, dry_run=dry_run)
            if entry:
                reclaimed.append(entry)
                _say(entry, audience, dry_run=dry_run)
    return reclaimed


def _look_at(each: dict[str, Any], context: Context, forge: Forge, rules: Rules, *, dry_run: bool) -> Reclaimed | None:
    name, number = str(each["name"]), str(each["owner"]["pull_request"])
    reason = ""
    try:
        # A pull request that is not found is no reason: a token that may not see it gets the same answer.
        reason = _reason(forge.pull_request(int(number)), rules)
        if reason and not dry_run:
            environments.down(name)
            page = Page(state="removed", name=name, reason=reason, run_url=context.run_url)
            Audience(context=replace(context, number=int(number)), forge=forge).tell(page)
    except EphemeralError as error:
        return Reclaimed(name=name, pull_request=number, reason=reason, error=error.message)
    return Reclaimed(name=name, pull_request=number, reason=reason) if reason else None


def _reason(found: PullRequest, rules: Rules) -> str:
    if not found.is_open:
        return "the pull request is closed"
    if rules.label and rules.label not in found.labels:
        return f"the pull request has no label {rules.label}"
    return "the pull request is a draft" if found.is_draft and not rules.drafts else ""


def _say(entry: Reclaimed, audience: Audience, *, dry_run: bool) -> None:
    what = f"environment {entry.name} of pull request {entry.pull_request}"
    if entry.error:
        audience.error(f"{what}: {entry.error}", title="not reclaimed")
    else:
        # An event should have done it: who reads this may want to know why it did not.
        verb = "would be reclaimed" if dry_run else "reclaimed"
        audience.warn(f"{what} {verb}: {entry.reason}", title=verb)
