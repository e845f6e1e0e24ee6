"""From the event to a decision: asks the forge what the event itself does not say."""

from dataclasses import replace

from ephemeral.errors import SpecError
from ephemeral.forges.commands import parse_command
from ephemeral.forges.context import Context
from ephemeral.forges.rules import Decision, Rules, decide
from ephemeral.forges.telling import Audience, needed


def triage(audience: Audience, rules: Rules) -> tuple[Context, Decision]:
    """What is to be done, and the context with the pull request's number where the event has none.

    Raises PermissionMissingError when something must be asked and there is no token.
    """
    context = audience.context
    if context.trigger == "follow-up":
        forge = needed(audience.forge, context)
        number = forge.number_of(context.head_repo, context.head_ref, context.sha)
        context = replace(context, number=number)
    if context.trigger != "comment":
        return context, decide(context, rules)
    try:
        command = parse_command(context.comment)
    except SpecError as error:
        audience.warn(f"{error.message} {error.hint or ''}")
        command = None
    decision = decide(context, rules, command)
    if decision.verb == "skip":
        return context, decision
    return context, _allowed(audience, decision)


def _allowed(audience: Audience, decision: Decision) -> Decision:
    context = audience.context
    if needed(audience.forge, context).may_write(context.sender):
        return decision
    reason = f"@{context.sender} may not write to {context.repo}, and so commands nothing here"
    audience.warn(reason)
    return Decision(verb="skip", reason=reason)
