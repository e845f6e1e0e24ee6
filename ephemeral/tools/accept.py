"""Which version of a program does as well as the pinned one: the rules of the table's ``accept``."""

import re


def accepts(rule: str, *, found: str, wanted: str) -> bool:
    """Whether the version ``found`` does where ``wanted`` is pinned, by a rule of ``programs.toml``."""
    have, want = _numbers(found), _numbers(wanted)
    if not have:
        return False
    if rule == "exact":
        return found == wanted
    if rule == "major":
        return have[0] == want[0]
    if rule == "minor":
        return have[:2] == want[:2]
    if rule == "minor+-1":
        return have[0] == want[0] and abs(have[1] - want[1]) <= 1
    if rule.startswith(">="):
        return have >= _numbers(rule)
    raise ValueError(f"programs.toml has no rule {rule!r}")


def spell(rule: str, wanted: str) -> str:
    """Say which versions the rule takes: ``1.36.3``, ``1.36.3 or one minor off``, ``>=3.5``."""
    if rule == "exact":
        return wanted
    if rule.startswith(">="):
        return rule
    return f"{wanted} or " + ("one minor off" if rule == "minor+-1" else f"the same {rule}")


def _numbers(version: str) -> tuple[int, ...]:
    """``1.32.4-dispatcher`` -> (1, 32, 4); at least two numbers, or none."""
    match = re.search(r"\d+(?:\.\d+)+", version)
    return tuple(map(int, match[0].split("."))) if match else ()
