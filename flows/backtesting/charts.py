"""Charts: the account and the reliability of its probabilities, as SVG that stands by itself."""

from collections.abc import Sequence
from datetime import datetime

from domain.statistics.reliability import Bin
from flows.backtesting.report import Mark, Report
from flows.backtesting.wording import number, percent

WIDTH, LEFT, RIGHT = 860, 70, 12
POINTS = 1_000
"""More marks than this are thinned; the deepest fall of each stretch is kept."""


def equity(report: Report) -> str:
    """The account at each midnight, and under it how far it lay below its highest mark."""
    marks = thinned(report.equity)
    if len(marks) < 2:
        return "<p>The data holds too few whole days for a curve.</p>"
    begin, end = marks[0].day, marks[-1].day
    across = _scale(0.0, (end - begin).total_seconds(), LEFT, WIDTH - RIGHT)
    values = [mark.equity for mark in marks] + [report.start_equity]
    deepest = min(mark.drawdown for mark in marks)
    up, down = _scale(min(values), max(values), 200, 20), _scale(min(deepest, -1e-9), 0.0, 300, 230)
    xs = [across((mark.day - begin).total_seconds()) for mark in marks]
    curve = _path(xs, [up(mark.equity) for mark in marks])
    fall = _path(xs, [down(mark.drawdown) for mark in marks])
    first = xs[0]
    start_y = up(report.start_equity)
    judged_x = across(min(max((report.span.judged_from - begin).total_seconds(), 0.0), (end - begin).total_seconds()))
    parts = [
        f'<rect class="warmup" x="{first:.1f}" y="20" width="{judged_x - first:.1f}" height="280"/>',
        *(_level(up(value), number(value, 0)) for value in _ticks(min(values), max(values))),
        f'<line class="start" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{start_y:.1f}" y2="{start_y:.1f}"/>',
        *(_level(down(value), percent(value)) for value in (0.0, min(deepest, -1e-9))),
        f'<path class="fall" d="{fall} L{xs[-1]:.1f} 230 L{first:.1f} 230 Z"/>',
        f'<path class="curve" d="{curve}"/>',
        *(_day(across((at - begin).total_seconds()), at) for at in _dates(begin, end)),
    ]
    title = f"Equity at each midnight, {len(report.equity)} days, and its fall from the highest mark"
    return _svg(325, title, parts)


def reliability(bins: Sequence[Bin], n: int) -> str:
    """What was stated against what happened, each bin with Wilson's interval and its n."""
    if not bins:
        return "<p>No candidate ended, so there is nothing to compare probabilities with (n = 0).</p>"
    side, low, high = 360, 50, 340
    x, y = _scale(0.0, 1.0, low, high), _scale(0.0, 1.0, 300, 10)
    parts = [f'<line class="start" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(1):.1f}" y2="{y(1):.1f}"/>']
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<text class="tick" x="{low - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="318" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<line class="grid" x1="{low}" x2="{high}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
    for each in bins:
        at, was = x(each.predicted), y(each.realised)
        if each.interval:
            top, bottom = y(each.interval.high), y(each.interval.low)
            parts.append(f'<path class="bar" d="M{at:.1f} {top:.1f} V{bottom:.1f}"/>')
            parts += [f'<path class="bar" d="M{at - 4:.1f} {end:.1f} h8"/>' for end in (top, bottom)]
        told = f"stated {each.predicted:.3f}, happened {each.realised:.3f}, n = {each.n}"
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{was:.1f}" r="4"><title>{told}</title></circle>')
    middle = (low + high) / 2
    parts.append(f'<text class="tick" x="{middle:.0f}" y="338" text-anchor="middle">stated probability</text>')
    return _svg(345, f"Stated probability against the share that won, n = {n}", parts, width=side)


def thinned(marks: Sequence[Mark]) -> list[Mark]:
    """At most about `POINTS` marks: of each stretch the last, and the one of the deepest fall."""
    step = max(1, -(-2 * len(marks) // POINTS))
    if step == 1:
        return list(marks)
    kept: list[Mark] = [marks[0]]
    for begin in range(1, len(marks), step):
        stretch = marks[begin : begin + step]
        deepest = min(stretch, key=lambda mark: mark.drawdown)
        kept += [stretch[-1]] if deepest is stretch[-1] else [deepest, stretch[-1]]
    return kept


class _Line:
    """A straight line through two points."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._slope = (end - start) / (high - low) if high > low else 0.0

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) * self._slope


def _scale(low: float, high: float, start: float, end: float) -> _Line:
    return _Line(low, high, start, end)


def _path(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def _ticks(low: float, high: float) -> list[float]:
    return [low] if high <= low else [low + (high - low) * part / 4 for part in range(5)]


def _dates(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + (end - begin) * part / 5 for part in range(6)]


def _level(y: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _day(x: float, at: datetime) -> str:
    anchor = "start" if x < LEFT + 40 else "end" if x > WIDTH - RIGHT - 40 else "middle"
    return f'<text class="tick" x="{x:.1f}" y="318" text-anchor="{anchor}">{at:%Y-%m-%d}</text>'


def _svg(height: int, title: str, parts: Sequence[str], *, width: int = WIDTH) -> str:
    inner = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{title}">'
        f"<title>{title}</title>\n{inner}\n</svg>"
    )
