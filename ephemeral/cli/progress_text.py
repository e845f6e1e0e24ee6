"""What a cluster said, made harmless for whoever shows it."""

import re

#: The user's own command runs in this phase: the terminal is its, so nothing is drawn, repeated or folded meanwhile.
COMMAND_PHASE = "run"

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def printable_lines(text: str) -> list[str]:
    """The lines of ``text``, with control characters spelled out: an event must not steer a terminal or a log."""
    return [_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line) for line in text.splitlines()]


def printable(text: str) -> str:
    """The same on one line."""
    return " ".join(printable_lines(text))
