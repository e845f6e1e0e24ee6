"""A frame of a picture: scales, axes and marks as SVG text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import floor, log10

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 40
_TICKS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Places values of ``x`` and ``y`` (lowest and highest) on the picture; ``log`` makes x logarithmic."""

    x: tuple[float, float]
    y: tuple[float, float]
    log: bool = False

    def across(self, value: float) -> float:
        """The horizontal place of a value; what lies outside is put on the edge."""
        low, high = self.x
        part = log10(value / low) / log10(high / low) if self.log else (value - low) / (high - low)
        return round(LEFT + min(1.0, max(0.0, part)) * (WIDTH - LEFT - RIGHT), 1)

    def up(self, value: float) -> float:
        """The vertical place of a value."""
        low, high = self.y
        part = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)

    def line(self, points: Iterable[tuple[float, float]], kind: str) -> str:
        """A line through points."""
        return f'<polyline class="line {kind}" points="{self._path(points)}"/>'

    def steps(self, points: Sequence[tuple[float, float]], kind: str) -> str:
        """A line that keeps each height until the next point."""
        walked = list(points[:1])
        for (_, height), (across, next_height) in pairwise(points):
            walked += [(across, height), (across, next_height)]
        return self.line(walked, kind)

    def band(self, points: Sequence[tuple[float, float, float]], kind: str) -> str:
        """The area between two heights."""
        there = [(across, high) for across, _, high in points]
        back = [(across, low) for across, low, _ in reversed(points)]
        return f'<polygon class="band {kind}" points="{self._path(there + back)}"/>'

    def upright(self, at: float, kind: str, label: str = "") -> str:
        """A vertical line with a label beside it, on whichever side there is room."""
        x = self.across(at)
        right = x < WIDTH * 0.6
        text = (
            f'<text class="{kind}" x="{x + 5 if right else x - 5}" y="{TOP + 12}" '
            f'text-anchor="{"start" if right else "end"}">{escape(label)}</text>'
        )
        return f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>' + (text if label else "")

    def axes(self, *, x: Callable[[float], str], y: Callable[[float], str], x_title: str) -> str:
        """Grid, ticks and their labels."""
        parts = []
        for value in ticks(*self.y):
            at = self.up(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{at + 4}" text-anchor="end">{escape(y(value))}</text>')
        for value in log_ticks(*self.x) if self.log else ticks(*self.x):
            at = self.across(value)
            parts.append(
                f'<line class="grid" x1="{at}" x2="{at}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 4}"/>'
                f'<text x="{at}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{escape(x(value))}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text class="soft" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_title)}</text>')
        return "".join(parts)

    def _path(self, points: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{self.across(across)},{self.up(height)}" for across, height in points)


def picture(title: str, parts: Iterable[str]) -> str:
    """The whole picture; ``title`` is what a screen reader says."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def ticks(low: float, high: float) -> list[float]:
    """Round values between, six at most."""
    unit = 10.0 ** floor(log10((high - low) / _TICKS))
    step = next(unit * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (unit * factor) <= _TICKS)
    first = -floor(-low / step)
    return [round((first + number) * step, 10) for number in range(int((high - first * step) / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between, with 2 and 5 of each where the range is small."""
    factors = (1, 2, 5) if high / low < 500 else (1,)
    exponents = range(floor(log10(low)), floor(log10(high)) + 1)
    return [mark for power in exponents for factor in factors if low <= (mark := factor * 10.0**power) <= high]
