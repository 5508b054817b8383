"""Distance from the last swings."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.averages import seeded
from operators.kernels.swings import is_peak, is_trough

PERIOD, REACH = 14, 3


@feature(
    columns=("swing_high_distance", "swing_low_distance"),
    unit="average true ranges",
    lookback=2 * REACH + 1,
    state=3,
    warmup=94,
)
def swing_distance(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close less the last swing high, and less the last swing low, over the average true range of 14 bars.

    A swing high is a high above those of the 3 bars before it and not below those of the 3 after it;
    it is known, and counts, only when these 3 have closed. Until the first, the first bar stands for
    it. 0 where nothing moved.

    Examples
    --------
    >>> high = [5.0] * 100 + [9.0] + [5.0] * 3
    >>> above, below = swing_distance.over({"high": high, "low": [3.0] * 104, "close": [4.0] * 104})
    >>> above[-2:].round(3).tolist(), below[-1:].round(3).tolist()
    ([-0.445, -2.243], [0.449])

    References
    ----------
    Williams, Trading Chaos, 1995, for fractals.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # average true range, swing high, swing low
        out[:, row] = np.nan
        if seen[row] == 1:
            mine[1], mine[2] = tape[HIGH, now], tape[LOW, now]
            continue
        before = tape[CLOSE, now - 1]
        span = max(tape[HIGH, now], before) - min(tape[LOW, now], before)
        mine[0] = seeded(mine[0], span, seen[row] - 1, PERIOD, 1.0 / PERIOD)
        if seen[row] > 2 * REACH:
            if is_peak(tape[HIGH], now - REACH, REACH):
                mine[1] = tape[HIGH, now - REACH]
            if is_trough(tape[LOW], now - REACH, REACH):
                mine[2] = tape[LOW, now - REACH]
        if seen[row] > PERIOD:
            out[0, row] = (tape[CLOSE, now] - mine[1]) / mine[0] if mine[0] > 0.0 else 0.0
            out[1, row] = (tape[CLOSE, now] - mine[2]) / mine[0] if mine[0] > 0.0 else 0.0
