"""The picture of one bench run: every round a dot, the median a bar."""

import os
import statistics
from pathlib import Path

from bench.contenders import Figures
from bench.probe import POINTS

NAMES = {
    "library": "ephemeral.up()",
    "process": "ephemeral up",
    "envtest": "etcd + apiserver\nas envtest",
    "kwokctl": "kwokctl\ncreate cluster",
}
COLOURS = ("#2a9d8f", "#e9b44c", "#d1495b")


def plot(rounds: dict[str, list[Figures]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(11, 4.6), width_ratios=[3, 1.3])
    for index, (point, colour) in enumerate(zip(POINTS, COLOURS, strict=True)):
        for place, name in enumerate(NAMES):
            values = [each[point] for each in rounds[name] if point in each]
            _bar(times, place + (index - 1) * 0.27, 0.25, values, colour, point if place == 0 else None, "{:.2f}")
    times.text(2, 0.05, "none", ha="center", color="grey", fontsize=8)  # envtest has no ServiceAccounts to wait for
    times.set_title("seconds from the first fork (library: from the call)", fontsize=10)
    times.legend(frameon=False, loc="upper left")
    for place, name in enumerate(NAMES):
        values = [each["peak-bytes"] / 2**20 for each in rounds[name]]
        _bar(memory, place, 0.6, values, "#264653", None, "{:.0f}")
    memory.set_title("peak memory of the cluster, MiB", fontsize=10)
    times.set_xticks(range(len(NAMES)), NAMES.values(), fontsize=9)
    memory.set_xticks(range(len(NAMES)), NAMES.values(), fontsize=8, rotation=30, ha="right", rotation_mode="anchor")
    for axis in (times, memory):
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(y=0.12)
    count = len(rounds["library"])
    figure.suptitle(f"Start of a control plane: medians of {count} on {os.cpu_count()} cores, the same programs")
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _bar(axis, place, width, values, colour, label, form) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    if not values:
        return
    median = statistics.median(values)
    axis.bar(place, median, width, color=colour, label=label)
    axis.scatter([place] * len(values), values, s=8, color="black", alpha=0.45, zorder=3)
    axis.annotate(
        form.format(median), (place, max(values)), (0, 4), textcoords="offset points", ha="center", fontsize=8
    )
