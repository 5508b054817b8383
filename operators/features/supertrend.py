"""SuperTrend: a stop that trails the price and changes sides."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.averages import seeded

PERIOD, RANGES = 10, 3.0


# 66 bars for the average; after that the bands still have to turn once, which real 5m bars do within 150.
@feature(columns=("supertrend", "supertrend_direction"), unit="price, sign", lookback=2, state=4, warmup=150)
def supertrend(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """A stop three average true ranges from the middle of the bar, and the side that it guards.

    The lower band only rises while closes stay above it, the upper only falls while they stay below;
    a close beyond the band that guards turns the direction. 1: up, the lower band is given; -1: down,
    the upper. The average is Wilder's over 10 bars. It begins upwards, and has forgotten that after
    the first turn.

    Examples
    --------
    >>> stop, direction = supertrend.over({"high": [2.0] * 20, "low": [1.0] * 20, "close": [1.5] * 20}, warm=False)
    >>> float(stop[-1]), float(direction[-1])
    (-1.5, 1.0)

    References
    ----------
    Seban, 2009; the bands as in TradingView's ta.supertrend.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # average true range, lower band, upper band, direction
        out[:, row] = np.nan
        if seen[row] == 1:
            continue
        before = tape[CLOSE, now - 1]
        span = max(tape[HIGH, now], before) - min(tape[LOW, now], before)
        mine[0] = seeded(mine[0], span, seen[row] - 1, PERIOD, 1.0 / PERIOD)
        if seen[row] <= PERIOD:
            continue
        middle = (tape[HIGH, now] + tape[LOW, now]) / 2.0
        lower, upper = middle - RANGES * mine[0], middle + RANGES * mine[0]
        if seen[row] == PERIOD + 1:
            mine[1], mine[2], mine[3] = lower, upper, 1.0
        if lower > mine[1] or before < mine[1]:
            mine[1] = lower
        if upper < mine[2] or before > mine[2]:
            mine[2] = upper
        if mine[3] > 0.0 and tape[CLOSE, now] < mine[1]:
            mine[3] = -1.0
        elif mine[3] < 0.0 and tape[CLOSE, now] > mine[2]:
            mine[3] = 1.0
        out[0, row] = mine[1] if mine[3] > 0.0 else mine[2]
        out[1, row] = mine[3]
