"""Distance from the last swings."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.exponential import exponential
from operators.kernels.swings import swing_highs, swing_lows

PERIOD, REACH = 14, 3


# The first ranges may be a few times as large as the usual one: 0.01 % of their weight is left after 125 bars.
@feature(
    columns=("swing_high_distance", "swing_low_distance"),
    unit="average true ranges",
    lookback=2 * REACH + 1,
    state=3,
    warmup=125,
)
def swing_distance(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close less the last swing high, and less the last swing low, over the average true range of 14 bars.

    A swing high is a high above those of the 3 bars before it and not below those of the 3 after it;
    it is known, and counts, only when these 3 have closed. Until the first, the first bar stands for
    it. 0 where nothing moved.

    Examples
    --------
    >>> high = [5.0] * 130 + [9.0] + [5.0] * 3
    >>> above, below = swing_distance.over({"high": high, "low": [3.0] * 134, "close": [4.0] * 134})
    >>> above[-2:].round(3).tolist(), below[-1:].round(3).tolist()
    ([-0.445, -2.243], [0.449])

    References
    ----------
    Williams, Trading Chaos, 1995, for fractals.
    """
    ranges = exponential(tape[TRUE_RANGE], at, seen - 1, lane, state[:, 0], PERIOD, 1.0 / PERIOD)
    highs, lows = swing_highs(tape[HIGH], REACH), swing_lows(tape[LOW], REACH)
    high = low = 0.0
    for row in range(at.size):
        now = at[row]
        if seen[row] == 1:
            high, low = tape[HIGH, now], tape[LOW, now]
        elif row == 0 or lane[row] != lane[row - 1]:
            high, low = state[lane[row], 1:]
        if seen[row] > 2 * REACH:
            high = tape[HIGH, now - REACH] if highs[now] else high
            low = tape[LOW, now - REACH] if lows[now] else low
        if seen[row] > PERIOD:
            unit = 1.0 / ranges[row] if ranges[row] > 0.0 else 0.0
            out[0, row], out[1, row] = (tape[CLOSE, now] - high) * unit, (tape[CLOSE, now] - low) * unit
        else:
            out[:, row] = np.nan
        if row + 1 == at.size or lane[row + 1] != lane[row]:
            state[lane[row], 1], state[lane[row], 2] = high, low
