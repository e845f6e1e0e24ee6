"""Finding where a condition starts to hold."""

from collections.abc import Callable
from math import sqrt

_STEPS = 40


def first_true(condition: Callable[[float], bool], start: float, end: float) -> float | None:
    """Give the smallest number in [start, end], both positive, for which a condition that stays true holds.

    Exact to the 40th halving of the ratio of the ends; None if it does not hold at the end.
    """
    if condition(start):
        return start
    if not condition(end):
        return None
    for _ in range(_STEPS):
        middle = sqrt(start * end)
        if condition(middle):
            end = middle
        else:
            start = middle
    return end


def times_as_many(log_evidence: Callable[[float], float], enough: float, *, at_most: float = 1000.0) -> float | None:
    """Say how many times as many observations like these reach ``enough`` log-evidence; None above ``at_most``."""
    return first_true(lambda scale: log_evidence(scale) >= enough, 1.0, at_most)
