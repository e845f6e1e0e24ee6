"""The preview as one PNG, for where a page can't go: a pull request's comment."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ephemeral.errors import ToolError
from ephemeral.previews.judge import Verdict
from ephemeral.previews.observations import Arm, Request
from ephemeral.previews.report.series import COMPARED, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS: dict[Arm, str] = {"baseline": "#2563c9", "candidate": "#c2570c"}
_INK = "#1b1f27"
_OUTCOMES = {"pass": "#1a7f37", "fail": "#c4222f", "inconclusive": "#545c6b"}


def write_png(path: Path, requests: Sequence[Request], verdict: Verdict, *, title: str) -> None:
    """Draw error rates and latencies side by side, readable at 900 pixels of width on any ground.

    Raises ToolError without matplotlib, ValueError without requests.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ToolError(
            "matplotlib is needed to draw a PNG", hint="pip install 'ephemeral-k8s[plots]'; the HTML page needs nothing"
        ) from error

    series = Series.of(requests)
    figure = Figure(figsize=(9, 3.6), dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    after = f" after {verdict.decided_after:,} requests" if verdict.decided_after else ""
    heading = f"{title}: {verdict.outcome}{after}"
    figure.suptitle(_plain(heading), color=_OUTCOMES[verdict.outcome], fontweight="bold", fontsize=12)
    left, right = figure.subplots(1, 2)
    _errors(left, series, verdict)
    _latencies(right, series)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png")


def _errors(axes: "Axes", series: Series, verdict: Verdict) -> None:
    top = 0.02
    for arm in COMPARED:
        rates = series.rates[arm]
        if not rates:
            continue
        times = [one.at for one in rates]
        axes.fill_between(
            times, [100 * one.low for one in rates], [100 * one.high for one in rates], color=_COLOURS[arm], alpha=0.2
        )
        axes.plot(times, [100 * one.rate for one in rates], color=_COLOURS[arm], label=arm)
        top = max(top, 1.6 * rates[-1].high)
    axes.set_ylim(0, 101 * min(1.0, top))
    axes.set_xlim(0, series.duration)
    if verdict.decided_at is not None:
        at = min(series.duration, verdict.decided_at - series.begin)
        axes.axvline(at, color=_INK, linestyle="--", linewidth=1.2)
    axes.set_title("errors so far, with bounds that always hold", fontsize=10)
    axes.set_xlabel("seconds since the first request")
    axes.set_ylabel("% of requests")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="upper right")


def _latencies(axes: "Axes", series: Series) -> None:
    axes.set_title("answers that took no longer", fontsize=10)
    shown = [arm for arm in COMPARED if series.latencies[arm]]
    if not shown:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no answer without error", ha="center", transform=axes.transAxes)
        return
    for arm in shown:
        latencies, parts = zip(*series.latencies[arm], strict=True)
        axes.step([1000 * one for one in latencies], [100 * one for one in parts], color=_COLOURS[arm], where="post")
    axes.axhline(95, color=_INK, linestyle=":", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axes.tick_params(axis="x", which="both", length=3, pad=3.5)
    axes.set_ylim(0, 101)
    axes.set_xlabel("latency in ms")
    axes.set_ylabel("% of answers")


def _plain(text: str) -> str:
    """Keep matplotlib from reading names as formulas."""
    return text.replace("$", r"\$")
