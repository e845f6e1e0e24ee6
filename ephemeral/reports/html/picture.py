"""The timeline as a picture: rows with a bar each, placed in percent so that it fits any width."""

from dataclasses import dataclass

from ephemeral.reports.timeline import Phase, Timeline, Workload

_ROWS = 40
#: Characters that a phone shows in a line, less a gap: the label has what the time leaves.
_LINE = 38
_NARROWEST_PERCENT = 0.7
_TICKS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """``left`` and ``width`` are percent of the whole time; ``tone`` is a class of style.css."""

    label: str
    title: str
    time: str
    left: float
    width: float
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """``ticks`` are pairs of percent and label; ``left_out`` rows were too many."""

    rows: list[Row]
    ticks: list[tuple[float, str]]
    total: float
    left_out: int


def draw(timeline: Timeline) -> Picture:
    """Phases by their beginning, each workload after the phase in which it was waited for."""
    items: list[Phase | Workload] = [*timeline.phases, *timeline.workloads.values()]
    total = max([0.001, *(each.begin + each.seconds for each in items)])
    items.sort(key=lambda each: (each.begin, -each.seconds))
    rows = [_row(each, total) for each in items]
    return Picture(rows=rows[:_ROWS], ticks=_ticks(total), total=total, left_out=max(0, len(rows) - _ROWS))


def _row(item: Phase | Workload, total: float) -> Row:
    pending = isinstance(item, Workload) and item.readiness == "pending"
    seconds = total - item.begin if pending else item.seconds
    width = max(_NARROWEST_PERCENT, 100 * seconds / total)
    time = f"{seconds:.1f} s" + (f", {outcome}" if (outcome := _outcome(item)) else "")
    room = _LINE - len(time)
    return Row(
        label=item.title if len(item.title) <= room else f"{item.title[: room - 1]}…",
        title=item.title,
        time=time,
        left=round(min(100 * item.begin / total, 100 - width), 2),
        width=round(width, 2),
        tone=_tone(item),
    )


def _outcome(item: Phase | Workload) -> str:
    if isinstance(item, Phase):
        return "failed" if item.failed else ""
    return {"ready": "", "pending": "not ready", "failed": "failed"}[item.readiness]


def _tone(item: Phase | Workload) -> str:
    if isinstance(item, Phase):
        return "failed" if item.failed else "phase"
    return item.readiness


def _ticks(total: float) -> list[tuple[float, str]]:
    """At most five round moments besides zero, none so near the end that its label would be cut off."""
    step = next(step for step in _steps() if total / step <= _TICKS)
    marks = [number * step for number in range(_TICKS + 1) if number * step <= 0.95 * total]
    return [(round(100 * mark / total, 2), f"{mark:g} s") for mark in marks]


def _steps() -> list[float]:
    return [factor * 10.0**power for power in range(-4, 9) for factor in (1, 2, 5)]
