"""What the judge is asked: one dataclass a kind of check."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorRateCheck:
    """The candidate's error rate may exceed the baseline's by at most ``max_increase`` (0.02: two points of 100).

    Raises ValueError for a margin outside 0..1: nothing could be proven within none.
    """

    max_increase: float = 0.02
    name: str = "error-rate"

    def __post_init__(self) -> None:
        _within("max_increase", self.max_increase, 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class LatencyCheck:
    """The candidate's latency quantile may be at most ``max_ratio`` times the baseline's, or ``slack`` seconds more.

    Only answers without error have a latency. ``slack`` keeps milliseconds of noise from deciding about fast apps.

    Raises ValueError for a quantile outside 0..1, a ratio not above 1 or a negative slack.
    """

    quantile: float = 0.95
    max_ratio: float = 1.1
    slack: float = 0.0
    name: str = "latency"

    def __post_init__(self) -> None:
        _within("quantile", self.quantile, 0, 1)
        _within("max_ratio", self.max_ratio, 1, 1000)
        if not 0 <= self.slack < float("inf"):
            raise ValueError(f"slack {self.slack:g} is not a number of seconds from 0 on")

    def tolerated(self, latency: float) -> float:
        """Give the highest latency of the candidate that is fine where the baseline's is ``latency``, in seconds."""
        return max(latency * self.max_ratio, latency + self.slack)


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """The candidate alone: its error rate (0..1), or its ``quantile`` of latency in seconds, is below ``maximum``.

    Raises ValueError for a quantile or a maximal error rate outside 0..1, or a latency that is not above 0.
    """

    metric: Literal["error-rate", "latency"]
    maximum: float
    quantile: float = 0.95
    name: str = "threshold"

    def __post_init__(self) -> None:
        _within("quantile", self.quantile, 0, 1)
        _within("maximum", self.maximum, 0, 1 if self.metric == "error-rate" else float("inf"))


Check = ErrorRateCheck | LatencyCheck | Threshold


def _within(name: str, value: float, above: float, below: float) -> None:
    if not above < value < below:
        raise ValueError(f"{name} {value:g} is not above {above:g} and below {below:g}")
