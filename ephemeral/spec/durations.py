"""Durations as people write them: ``90s``, ``15m``, ``1h30m``, ``1d``."""

import re
from datetime import timedelta

from ephemeral.errors import SpecError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHAPE = re.compile("".join(rf"(?:(?P<{name}>[0-9]{{1,9}}){unit})?" for unit, name in _UNITS.items()))
_LONGEST = timedelta(days=365)


def parse_duration(text: str) -> timedelta:
    """Read a duration longer than nothing and up to a year. Raises SpecError."""
    text = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        raise SpecError(f"{text!r} has no unit.", hint=f"Write {text}s, {text}m or {text}h.")
    match = _SHAPE.fullmatch(text)
    if not text or not match:
        raise SpecError(f"{text!r} is no duration.", hint="Write it like 90s, 15m, 1h30m or 1d.")
    duration = timedelta(**{name: int(amount or 0) for name, amount in match.groupdict().items()})
    if not timedelta(0) < duration <= _LONGEST:
        raise SpecError(f"{text!r} is not between 1s and 365d.")
    return duration


def format_duration(duration: timedelta) -> str:
    """Spell a duration the way `parse_duration` reads it: ``1h30m``. Parts of a second are left out."""
    seconds = int(duration.total_seconds())
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
