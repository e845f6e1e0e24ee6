"""Slash commands in comments: ``/ephemeral up``, ``down``, ``extend 4h``, ``promote``, ``abort``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ephemeral.errors import SpecError
from ephemeral.spec.durations import parse_duration

_WORD = "/ephemeral"
_USAGE = "Write /ephemeral up, down, extend 4h, promote or abort."


@dataclass(frozen=True, slots=True)
class Command:
    """What a comment asks for; ``by`` is for ``extend``."""

    verb: Literal["up", "down", "extend", "promote", "abort"]
    by: timedelta = timedelta()


def parse_command(comment: str) -> Command | None:
    """The command that a comment begins with; None when it begins with none.

    Only the first line counts: a reply that quotes somebody's command commands nothing. Raises SpecError.
    """
    words = comment.strip().partition("\n")[0].split()
    if not words or words[0] != _WORD:
        return None
    match words[1:]:
        case ["up" | "down" | "promote" | "abort" as verb]:
            return Command(verb)
        case ["extend", text]:
            return Command("extend", parse_duration(text))
        case _:
            raise SpecError(f"{' '.join(words)[:80]!r} is no command.", hint=_USAGE)
