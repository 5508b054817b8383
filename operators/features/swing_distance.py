"""Distance from the last swings."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.averages import seeded
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
    """Distance of the close from the last swing high and from the last swing low, in 14-bar average true ranges.

    A swing high is a high above those of the 3 bars before it and not below those of the 3 after it; it is confirmed,
    and used, only when these 3 have closed. Before the first swing, the first bar is used. 0 without movement.

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
    swing_highs(tape[HIGH], at, REACH, out[0])
    swing_lows(tape[LOW], at, REACH, out[1])
    row = 0
    while row < at.size:
        mine = state[lane[row]]
        average, high, low = mine[0], mine[1], mine[2]
        begin = row
        while row < at.size and lane[row] == lane[begin]:
            now = at[row]
            average = seeded(average, tape[TRUE_RANGE, now], seen[row] - 1, PERIOD, 1.0 / PERIOD)
            if seen[row] == 1:
                high, low = tape[HIGH, now], tape[LOW, now]
            if seen[row] > 2 * REACH:
                high = high if np.isnan(out[0, row]) else out[0, row]
                low = low if np.isnan(out[1, row]) else out[1, row]
            unit = 1.0 / average if average > 0.0 else 0.0
            out[0, row] = (tape[CLOSE, now] - high) * unit if seen[row] > PERIOD else np.nan
            out[1, row] = (tape[CLOSE, now] - low) * unit if seen[row] > PERIOD else np.nan
            row += 1
        mine[0], mine[1], mine[2] = average, high, low
