"""SuperTrend: a trailing stop that changes sides."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.averages import seeded

PERIOD, RANGES = 10, 3.0


# 66 bars for the average; after that the bands still have to turn once, which real 5m bars do within 150.
@feature(columns=("supertrend", "supertrend_direction"), unit="price, sign", lookback=2, state=4, warmup=150)
def supertrend(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Trailing stop three average true ranges from the median price, and its direction.

    The lower band only rises while closes stay above it, the upper only falls while they stay below; a close beyond
    the active band reverses the direction. Direction 1 is up, with the lower band as output; -1 is down, with the
    upper. The average is Wilder's over 10 bars. The initial direction is up and has no effect after the first
    reversal.

    Examples
    --------
    >>> stop, direction = supertrend.over({"high": [2.0] * 20, "low": [1.0] * 20, "close": [1.5] * 20}, warm=False)
    >>> float(stop[-1]), float(direction[-1])
    (-1.5, 1.0)

    References
    ----------
    Seban, 2009; the bands as in TradingView's ta.supertrend.
    """
    row = 0
    while row < at.size:
        mine = state[lane[row]]
        average, lower, upper, direction = mine[0], mine[1], mine[2], mine[3]
        begin = row
        while row < at.size and lane[row] == lane[begin]:
            now = at[row]
            close, before = tape[CLOSE, now], tape[CLOSE, now - 1]
            average = seeded(average, tape[TRUE_RANGE, now], seen[row] - 1, PERIOD, 1.0 / PERIOD)
            middle = (tape[HIGH, now] + tape[LOW, now]) / 2.0
            bottom, top = middle - RANGES * average, middle + RANGES * average
            if seen[row] <= PERIOD + 1:
                lower, upper, direction = bottom, top, 1.0
            lower = bottom if bottom > lower or before < lower else lower
            upper = top if top < upper or before > upper else upper
            turned = close < lower if direction > 0.0 else close > upper
            direction = -direction if turned else direction
            known = seen[row] > PERIOD
            out[0, row] = (lower if direction > 0.0 else upper) if known else np.nan
            out[1, row] = direction if known else np.nan
            row += 1
        mine[0], mine[1], mine[2], mine[3] = average, lower, upper, direction
