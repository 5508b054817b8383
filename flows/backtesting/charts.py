"""Charts: the equity curve and the reliability diagram, as self-contained SVG."""

from collections.abc import Sequence

from domain.statistics.reliability import Bin
from flows.backtesting.axes import Scale, date_ticks, decimals, grid_line, path, svg, text_label, tick_values
from flows.backtesting.formatting import number, percent
from flows.backtesting.report import EquityPoint, Report

WIDTH, LEFT, RIGHT = 930, 84, 918
TOP, MIDDLE, FALL, BOTTOM = 12, 230, 264, 350
"""Vertical bounds of the equity curve, and of the drawdown below it."""
POINTS = 1_000
"""Longer curves are thinned to about this number of points; the largest drawdown of each interval is kept."""


def equity(report: Report) -> str:
    """Chart of the equity at each midnight, with the drawdown below it."""
    marks = thinned(report.equity)
    if len(marks) < 2:
        return "<p>The data holds too few whole days for a curve.</p>"
    begin, end = marks[0].day, marks[-1].day
    along = Scale(0.0, (end - begin).total_seconds(), LEFT, RIGHT)
    values = [mark.equity for mark in marks] + [report.start_equity]
    deepest = min(-1e-9, *(mark.drawdown for mark in marks))
    up, down = Scale(min(values), max(values), MIDDLE, TOP), Scale(deepest, 0.0, BOTTOM, FALL)
    xs = [along((mark.day - begin).total_seconds()) for mark in marks]
    judged_x = along(min(max((report.span.judged_from - begin).total_seconds(), 0.0), (end - begin).total_seconds()))
    start_y = up(report.start_equity)
    levels, falls = tick_values(min(values), max(values)), tick_values(deepest, 0.0, 4)
    fall = path(xs, [down(mark.drawdown) for mark in marks])
    parts = [
        f'<rect class="warmup" x="{LEFT}" y="{TOP}" width="{judged_x - LEFT:.1f}" height="{BOTTOM - TOP}"/>',
        *(grid_line(up(value), LEFT, RIGHT, number(value, decimals(levels))) for value in levels),
        *(
            grid_line(down(value), LEFT, RIGHT, percent(value, decimals([100.0 * each for each in falls])))
            for value in falls
        ),
        f'<line class="start" x1="{LEFT}" x2="{RIGHT}" y1="{start_y:.1f}" y2="{start_y:.1f}"/>',
        f'<path class="fall" d="{fall} L{xs[-1]:.1f} {FALL} L{xs[0]:.1f} {FALL} Z"/>',
        f'<path class="edge" d="{fall}"/>',
        f'<path class="curve" d="{path(xs, [up(mark.equity) for mark in marks])}"/>',
        text_label(14, (TOP + MIDDLE) / 2, "equity", turned=True),
        text_label(14, (FALL + BOTTOM) / 2, "fall", turned=True),
    ]
    for at in date_ticks(begin, end):
        x = along((at - begin).total_seconds())
        anchor = "start" if x < LEFT + 40 else "end" if x > RIGHT - 40 else "middle"
        parts.append(text_label(x, BOTTOM + 20, f"{at:%Y-%m-%d}", anchor=anchor))
    return svg(WIDTH, BOTTOM + 30, account(report), parts)


def account(report: Report) -> str:
    """Description of the equity curve."""
    marks = report.equity
    lowest = min(marks, key=lambda mark: mark.drawdown)
    return (
        f"Equity at each midnight, n = {len(marks):,} days, from {number(report.start_equity, 0)} "
        f"to {number(marks[-1].equity, 0)}; deepest fall from the highest mark {percent(lowest.drawdown)} "
        f"on {lowest.day:%Y-%m-%d}"
    )


def reliability(bins: Sequence[Bin], n: int) -> str:
    """Reliability diagram: predicted against observed frequency, with Wilson interval and n of each bin."""
    if not bins:
        return "<p>No candidate ended, so there is nothing to compare probabilities with (n = 0).</p>"
    low, high, floor, ceiling = 62, 412, 362, 12
    x, y = Scale(0.0, 1.0, low, high), Scale(0.0, 1.0, floor, ceiling)
    parts = [f'<line class="start" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(1):.1f}" y2="{y(1):.1f}"/>']
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(grid_line(y(tick), low, high, f"{tick:g}"))
        parts.append(text_label(x(tick), floor + 18, f"{tick:g}"))
    for each in bins:
        at, was = x(each.predicted), y(each.realised)
        if each.interval:
            top, bottom = y(each.interval.high), y(each.interval.low)
            parts.append(f'<path class="bar" d="M{at:.1f} {top:.1f} V{bottom:.1f}"/>')
            parts += [f'<path class="bar" d="M{at - 4:.1f} {end:.1f} h8"/>' for end in (top, bottom)]
        title = f"stated {each.predicted:.3f}, happened {each.realised:.3f}, n = {each.n:,}"
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{was:.1f}" r="4"><title>{title}</title></circle>')
    parts.append(text_label((low + high) / 2, floor + 38, "stated probability"))
    parts.append(text_label(16, (floor + ceiling) / 2, "share that won", turned=True))
    return svg(high + 18, floor + 46, f"Stated probability against the share that won, n = {n:,}", parts)


def thinned(marks: Sequence[EquityPoint]) -> list[EquityPoint]:
    """Thin to at most about `POINTS`: the last point of each interval, and that of its largest drawdown."""
    step = max(1, -(-2 * len(marks) // POINTS))
    if step == 1:
        return list(marks)
    kept: list[EquityPoint] = [marks[0]]
    for begin in range(1, len(marks), step):
        interval = marks[begin : begin + step]
        deepest = min(interval, key=lambda mark: mark.drawdown)
        kept += [interval[-1]] if deepest is interval[-1] else [deepest, interval[-1]]
    return kept
