"""How a command that works on one existing environment learns which."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ephemeral.errors import SpecError

if TYPE_CHECKING:
    from ephemeral.environment import Environment
    from ephemeral.progress import Progress

Function = TypeVar("Function", bound=Callable[..., Any])


def name_option(function: Function) -> Function:
    """Add `--name`, which EPHEMERAL_CURRENT (set by `ephemeral run`) answers too."""
    option = click.option(
        "--name",
        envvar=["EPHEMERAL_CURRENT", "EPHEMERAL_NAME"],
        show_envvar=True,
        default="",
        help="Name of the environment; needed only when several run.",
    )
    return option(function)


def find_environment(name: str, *, progress: "Progress | None" = None) -> "Environment":
    """The environment of that name; without a name, the only one there is."""
    from ephemeral.environment import attach

    return attach(name or _only_name(), progress=progress)


def _only_name() -> str:
    from ephemeral.fleet import list_environments

    names = [entry["name"] for entry in list_environments()]
    if len(names) == 1:
        return str(names[0])
    if not names:
        raise SpecError("no environment runs here.", hint="`ephemeral up` makes one.")
    raise SpecError(f"several environments run here: {', '.join(names)}.", hint="Say which: --name NAME.")
