"""What the judge is asked: one dataclass a kind of check."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorRateCheck:
    """The candidate's error rate may exceed the baseline's by at most ``max_increase`` (0.02: two points of 100)."""

    max_increase: float = 0.02
    name: str = "error-rate"


@dataclass(frozen=True, kw_only=True, slots=True)
class LatencyCheck:
    """The candidate's latency quantile may be at most ``max_ratio`` times the baseline's, or ``slack`` seconds more.

    Only answers without error have a latency. ``slack`` keeps milliseconds of noise from deciding about fast apps.
    """

    quantile: float = 0.95
    max_ratio: float = 1.1
    slack: float = 0.0
    name: str = "latency"


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """The candidate alone: its error rate (0..1), or its ``quantile`` of latency in seconds, is at most ``maximum``."""

    metric: Literal["error-rate", "latency"]
    maximum: float
    quantile: float = 0.95
    name: str = "threshold"


Check = ErrorRateCheck | LatencyCheck | Threshold
