"""Durations as people write them: ``90s``, ``15m``, ``1h30m``, ``1d``."""

import re
from datetime import timedelta

from ephemeral.errors import SpecError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHAPE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_LONGEST = timedelta(days=365)


def parse_duration(text: str) -> timedelta:
    """Read a duration longer than nothing and up to a year. Raises SpecError."""
    match = _SHAPE.fullmatch(text.strip())
    parts = match.groups() if match else ()
    if not any(parts):
        raise SpecError(f"{text!r} is no duration.", hint="Write it like 90s, 15m, 1h30m or 1d.")
    amounts = dict(zip(_UNITS.values(), (int((part or "0")[:12]) for part in parts), strict=True))
    duration = timedelta(**amounts) if max(amounts.values()) < 10**8 else _LONGEST * 2
    if not timedelta(0) < duration <= _LONGEST:
        raise SpecError(f"{text!r} is not between 1s and 365d.")
    return duration


def format_duration(duration: timedelta) -> str:
    """Spell a duration the way `parse_duration` reads it: ``1h30m``."""
    seconds = int(duration.total_seconds())
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
