"""From requests to what is drawn: the split, the error rates with their bounds, the latencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from ephemeral.previews.judge.odds import Odds
from ephemeral.previews.observations import Arm, Request

COMPARED: tuple[Arm, ...] = ("baseline", "candidate")
BUCKETS, MOMENTS, STEPS = 40, 60, 200
#: Each bound of a band holds with this chance of error, whenever one looks.
BAND_ALPHA = 0.025


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A stretch of time (seconds since the first request): the candidate's part of the requests, and as told."""

    begin: float
    end: float
    seen: float
    told: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """An arm's error rate up to a moment (seconds since the first request), and where the true one lies."""

    at: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """All that the pictures show; times are seconds since the first request, latencies seconds."""

    duration: float
    split: tuple[Bucket, ...]
    rates: dict[Arm, tuple[Rate, ...]]
    latencies: dict[Arm, tuple[tuple[float, float], ...]]
    begin: float

    @classmethod
    def of(cls, requests: Sequence[Request]) -> "Series":
        """Sum up at least one request. Raises ValueError without any."""
        if not requests:
            raise ValueError("there is nothing to draw: no request was sent")
        begin = min(request.started for request in requests)
        duration = max(0.001, max(request.started for request in requests) - begin)
        return cls(
            begin=begin,
            duration=duration,
            split=tuple(_split(requests, begin, duration)),
            rates={arm: tuple(_rates(requests, arm, begin)) for arm in COMPARED},
            latencies={arm: tuple(_latencies(requests, arm)) for arm in COMPARED},
        )


def _split(requests: Sequence[Request], begin: float, duration: float) -> list[Bucket]:
    width = duration / BUCKETS
    inside: list[list[Request]] = [[] for _ in range(BUCKETS)]
    for request in requests:
        if request.arm != "unknown":
            inside[min(BUCKETS - 1, int((request.started - begin) / width))].append(request)
    buckets = []
    for number, members in enumerate(inside):
        if members:
            told = [request.share for request in members if request.share is not None]
            buckets.append(
                Bucket(
                    begin=number * width,
                    end=(number + 1) * width,
                    seen=sum(request.arm == "candidate" for request in members) / len(members),
                    told=sum(told) / len(told) if told else None,
                )
            )
    return buckets


def _rates(requests: Sequence[Request], arm: Arm, begin: float) -> list[Rate]:
    mine = [request for request in requests if request.arm == arm]
    every = max(1, ceil(len(mine) / MOMENTS))
    odds, failures, rates = Odds(), 0, []
    for number, request in enumerate(mine, 1):
        odds.add(0.5, yes=request.failed)
        failures += request.failed
        if number % every == 0 or number == len(mine):
            rates.append(
                Rate(
                    at=request.started - begin,
                    rate=failures / number,
                    low=_chance(odds.low(BAND_ALPHA)),
                    high=_chance(odds.high(BAND_ALPHA)),
                )
            )
    return rates


def _chance(odds: float) -> float:
    return 1.0 if odds == inf else odds / (1 + odds)


def _latencies(requests: Sequence[Request], arm: Arm) -> list[tuple[float, float]]:
    """Pairs of a latency and the part of the answers (without error) that took no longer."""
    ordered = sorted(request.latency for request in requests if request.arm == arm and not request.failed)
    if not ordered:
        return []
    steps = min(STEPS, len(ordered))
    places = sorted({ceil(len(ordered) * step / steps) for step in range(1, steps + 1)} | {1})
    return [(max(ordered[place - 1], 1e-6), place / len(ordered)) for place in places]
