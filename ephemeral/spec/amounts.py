"""Parts of a hundred and short times, as previews are described with them: ``2%``, ``300ms``."""

import re

from ephemeral.errors import SpecError

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PERCENT = re.compile(rf"({_NUMBER})%")
_SHORT = re.compile(rf"({_NUMBER})(ms|s)")


def parse_percent(text: str) -> float:
    """``2%`` is 0.02. Raises SpecError."""
    found = _PERCENT.fullmatch(text.strip())
    if not found:
        raise SpecError(f"{text!r} is no percentage such as 2% or 0.5%.")
    return float(found[1]) / 100


def parse_short(text: str) -> float:
    """``300ms`` and ``0.3s`` are 0.3 seconds. Raises SpecError."""
    found = _SHORT.fullmatch(text.strip())
    if not found:
        raise SpecError(f"{text!r} is no short time such as 300ms or 1.5s.")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
