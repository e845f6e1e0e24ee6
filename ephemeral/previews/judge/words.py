"""Numbers as people read them."""

from math import inf


def percent(rate: float) -> str:
    """Say a rate (0..1) in percent: ``4.7 %``."""
    return f"{100 * rate:.2g} %" if rate < 0.1 else f"{100 * rate:.3g} %"


def points(rate: float) -> str:
    """Say a difference of rates: ``1.4 points``."""
    return f"{100 * rate:.2g} points"


def duration(seconds: float) -> str:
    """Say a latency: ``43 ms``, ``1.2 s``."""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def quantile(value: float) -> str:
    """Name a quantile: ``p95``."""
    return f"p{100 * value:g}"


def times(ratio: float) -> str:
    """Say a factor: ``1.3 times``."""
    return f"{ratio:.3g} times"


def span(low: float, high: float) -> str:
    """Say an interval of factors, either end of which may be open."""
    if low <= 0 and high == inf:
        return "anything is possible still"
    if high == inf:
        return f"at least {times(low)}"
    if low <= 0:
        return f"at most {times(high)}"
    return f"{low:.3g} to {times(high)}"


def more(number: int | None) -> str:
    """Say how many more requests would decide."""
    if number is None:
        return "no number of requests like these would decide it"
    return f"about {number:,} more requests would decide it if things stay as they look"
