"""`${NAME}` and `${NAME:-default}`, for listed names only: a pull request must not read CI's secrets."""

import re
from collections.abc import Callable, Collection, Mapping

from ephemeral.errors import SpecError

_REFERENCE = re.compile(r"\$(\$)?\{([^}:]*)(?::-([^}]*))?\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def interpolator(allowed: Collection[str], environ: Mapping[str, str]) -> Callable[[str, str], str]:
    """A function (text, place) -> text with references replaced; `$${` stands for `${`.

    Only whole strings that are parsed already are touched, so a value can never become YAML. Raises SpecError.
    """

    def interpolate(text: str, place: str) -> str:
        return _REFERENCE.sub(lambda match: _replacement(match, place), text)

    def _replacement(match: re.Match[str], place: str) -> str:
        escaped, name, default = match.groups()
        if escaped:
            return match[0][1:]
        if not _NAME.fullmatch(name):
            raise SpecError(f"{place}: {match[0]} is not ${{NAME}} or ${{NAME:-default}}.")
        if name not in allowed:
            raise SpecError(
                f"{place}: ${{{name}}} may not be read: {name} is not listed.",
                hint=f"List it under `env:`, or pass --env {name}. Others stay unseen, as they may be secrets.",
            )
        value = environ.get(name, "") or default
        if value is None and name not in environ:
            raise SpecError(f"{place}: ${{{name}}} is not set.", hint=f"Set it, or write ${{{name}:-default}}.")
        return value or ""

    return interpolate
