"""The three pictures of a preview, as SVG that takes its colours from the page."""

from ephemeral.previews.judge import Verdict
from ephemeral.previews.judge.words import duration, percent, quantile
from ephemeral.previews.report.frame import Frame, picture
from ephemeral.previews.report.series import COMPARED, Series

QUANTILES = (0.5, 0.95)


def split(series: Series, verdict: Verdict) -> str:
    """The candidate's part of the requests over time, beside what was told."""
    frame = Frame(x=(0, series.duration), y=(0, 1))
    bars = [
        f'<rect class="bar candidate" x="{frame.across(one.begin)}" y="{frame.up(one.seen)}" '
        f'width="{max(1.0, frame.across(one.end) - frame.across(one.begin) - 1):.1f}" '
        f'height="{frame.up(0) - frame.up(one.seen):.1f}"/>'
        for one in series.split
    ]
    told = [(one.begin, one.told) for one in series.split if one.told is not None]
    if told:
        told.append((series.split[-1].end, told[-1][1]))
    return picture(
        "the candidate's part of the requests over time",
        [_time_axes(frame), *bars, frame.steps(told, "told"), _decision(frame, series, verdict)],
    )


def errors(series: Series, verdict: Verdict) -> str:
    """Both error rates so far, each within the band where its true rate lies whenever one looks."""
    last = [rates[-1] for rates in series.rates.values() if rates]
    top = min(1.0, max([0.02, *(1.6 * rate.high for rate in last), *(1.2 * rate.rate for rate in last)]))
    frame = Frame(x=(0, series.duration), y=(0, top))
    bands = [frame.band([(one.at, one.low, one.high) for one in series.rates[arm]], arm) for arm in COMPARED]
    lines = [frame.line([(one.at, one.rate) for one in series.rates[arm]], arm) for arm in COMPARED]
    return picture(
        "error rates of both arms over time, with bounds that hold at every moment",
        [_time_axes(frame), *bands, *lines, _decision(frame, series, verdict)],
    )


def latencies(series: Series) -> str:
    """How many of each arm's answers took no longer than so long."""
    shown = [pairs for pairs in series.latencies.values() if pairs]
    if not shown:
        return "<p>No request was answered without error: there is no latency to show.</p>"
    low = min(pairs[0][0] for pairs in shown)
    high = max(pairs[-1][0] for pairs in shown)
    frame = Frame(x=(low / 1.1, high * 1.1), y=(0, 1), log=True)
    marks = [
        frame.line([(low / 1.1, value), (high * 1.1, value)], "quantile")
        + f'<text class="soft" x="{frame.across(low) + 4}" y="{frame.up(value) - 4}">{quantile(value)}</text>'
        for value in QUANTILES
    ]
    lines = [frame.steps(series.latencies[arm], arm) for arm in COMPARED if series.latencies[arm]]
    axes = frame.axes(x=duration, y=percent, x_title="latency, from the intended start of the request")
    return picture("the part of each arm's answers that took no longer", [axes, *marks, *lines])


def _time_axes(frame: Frame) -> str:
    return frame.axes(x=lambda value: f"{value:g} s", y=percent, x_title="since the first request")


def _decision(frame: Frame, series: Series, verdict: Verdict) -> str:
    if verdict.decided_at is None:
        return ""
    label = f"{verdict.outcome} after {verdict.decided_after:,} requests"
    return frame.upright(verdict.decided_at - series.begin, "decision", label)
