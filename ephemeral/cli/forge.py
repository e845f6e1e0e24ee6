"""What commands that speak to a forge have in common."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ephemeral.errors import SpecError

if TYPE_CHECKING:
    from ephemeral.forges.context import Context
    from ephemeral.forges.telling import Audience

Function = TypeVar("Function", bound=Callable[..., Any])


def rule_options(function: Function) -> Function:
    """Add `--label` and `--drafts/--no-drafts`."""
    drafts = click.option(
        "--drafts/--no-drafts",
        default=True,
        envvar="EPHEMERAL_DRAFTS",
        show_envvar=True,
        help="Whether drafts get one, too.",
    )
    label = click.option(
        "--label",
        default="",
        envvar="EPHEMERAL_LABEL",
        show_envvar=True,
        help="Only pull requests with this label get an environment; forks need one.",
    )
    return label(drafts(function))


def run_context() -> "Context":
    """The run that this process is part of. Raises SpecError outside of CI."""
    from ephemeral.forges.context import read_context

    context = read_context()
    if context is None:
        raise SpecError(
            "this is no run of GitHub Actions or GitLab CI.",
            hint="They set GITHUB_ACTIONS or GITLAB_CI; elsewhere use `ephemeral up --name` and `ephemeral down`.",
        )
    return context


def audience_of(context: "Context") -> "Audience":
    """Where news of this run go. Without a token there is no comment, and a warning says so."""
    from ephemeral.forges.forge import TOKENS, connect
    from ephemeral.forges.telling import Audience

    variable = TOKENS[context.forge]
    token = os.environ.get(variable, "")
    audience = Audience(context=context, forge=connect(context, token) if token else None)
    if not token:
        audience.warn(f"{variable} is not set: nothing can be asked of {context.forge}, and there is no comment.")
    return audience
