"""Axes: tick values, grid lines and labels of charts, in SVG."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

DATES = 5
"""Number of dates under a chart; there may be one more."""


class Scale:
    """A linear scale from values to coordinates."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._slope = (end - start) / (high - low) if high > low else 0.0

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        return self._start + (value - self._low) * self._slope


def tick_values(low: float, high: float, wanted: int = 5) -> list[float]:
    """About `wanted` round numbers from `low` to `high`; only `low` if the range is empty.

    Examples
    --------
    >>> tick_values(2367.0, 10318.0)
    [4000.0, 6000.0, 8000.0, 10000.0]
    >>> tick_values(0.5, 0.5)
    [0.5]
    """
    if not high > low:
        return [low]
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if rough <= power * nice * 1.0001)
    return [at * step for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def decimals(ticks: Sequence[float]) -> int:
    """Number of decimals that distinguishes adjacent ticks."""
    step = min((b - a for a, b in pairwise(ticks)), default=0.0)
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 2


def date_ticks(begin: datetime, end: datetime) -> list[datetime]:
    """Evenly spaced midnights from `begin` to `end`."""
    days = max(1, (end - begin).days)
    step = -(-days // DATES)
    return [begin + timedelta(days=at) for at in range(0, days + 1, step)]


def path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """SVG path data of a line through these points."""
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def grid_line(y: float, left: float, right: float, label: str) -> str:
    """A horizontal grid line with its label to the left."""
    return f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>' + text_label(
        left - 6, y + 4, label, anchor="end"
    )


def text_label(
    x: float, y: float, text: str, *, anchor: str = "middle", kind: str = "tick", turned: bool = False
) -> str:
    """A text at a position; a turned one reads upwards."""
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{text}</text>'


def svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """An SVG image of these parts, with an accessible title."""
    inner = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {width} {height}" style="--width:{width}px" role="img" aria-label="{title}">'
        f"<title>{title}</title>\n{inner}\n</svg>"
    )
