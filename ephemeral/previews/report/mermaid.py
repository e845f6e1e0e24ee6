"""Charts of a preview as text that GitHub and GitLab draw themselves: a comment can't hold a picture of its own.

Mermaid's `xychart-beta`; nothing but numbers and words of ours is in it.
"""

from collections.abc import Iterator, Sequence

from ephemeral.previews.observations import Arm, Request
from ephemeral.previews.report.series import COMPARED, Series

_POINTS = 20
_QUANTILES = (0.5, 0.9, 0.95, 0.99)
#: Of baseline and candidate: told apart on white and on black, and without seeing red or green.
_COLOURS = "#8b949e, #e08a00"
_INIT = f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{_COLOURS}"}}}}}}}}%%'


def charts(requests: Sequence[Request]) -> str:
    """Markdown of both charts, error rates over time and latency by quantile; empty where an arm has no answer."""
    if any(not any(request.arm == arm for request in requests) for arm in COMPARED):
        return ""
    return "\n\n".join(filter(None, [_errors(requests), _latencies(Series.of(requests))]))


def _errors(requests: Sequence[Request]) -> str:
    begin = min(request.started for request in requests)
    end = max(request.started for request in requests)
    moments = [begin + (end - begin) * step / _POINTS for step in range(1, _POINTS + 1)]
    lines = {arm: [*_percentages(requests, arm, moments)] for arm in COMPARED}
    top = max(1.0, *(1.1 * value for line in lines.values() for value in line))
    return _chart(
        "requests that failed so far: baseline grey, candidate orange",
        f'x-axis "seconds" {(end - begin) / _POINTS:.3g} --> {max(end - begin, 0.001):.3g}',
        f'y-axis "%" 0 --> {top:.3g}',
        *(f"line {_numbers(lines[arm])}" for arm in COMPARED),
    )


def _percentages(requests: Sequence[Request], arm: Arm, moments: Sequence[float]) -> Iterator[float]:
    for moment in moments:
        failures = [request.failed for request in requests if request.arm == arm and request.started <= moment]
        yield 100 * sum(failures) / len(failures) if failures else 0.0


def _latencies(series: Series) -> str:
    if not all(series.latencies[arm] for arm in COMPARED):
        return ""
    names = ", ".join(f"p{100 * quantile:g}" for quantile in _QUANTILES)
    rows = {arm: [1000 * _at(series.latencies[arm], quantile) for quantile in _QUANTILES] for arm in COMPARED}
    return _chart(
        "latency: baseline grey bars, candidate orange line",
        f"x-axis [{names}]",
        f'y-axis "ms" 0 --> {1.1 * max(*rows["baseline"], *rows["candidate"]):.3g}',
        f"bar {_numbers(rows['baseline'])}",
        f"line {_numbers(rows['candidate'])}",
    )


def _at(pairs: Sequence[tuple[float, float]], quantile: float) -> float:
    return next(latency for latency, part in pairs if part >= quantile - 1e-9)


def _chart(title: str, *lines: str) -> str:
    body = "\n  ".join(["xychart-beta", f'title "{title}"', *lines])
    return f"```mermaid\n{_INIT}\n{body}\n```"


def _numbers(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:.4g}' for value in values)}]"
