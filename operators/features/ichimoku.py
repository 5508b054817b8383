"""Ichimoku lines, dated by the bar at which they are known."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import greater, highest, less, lowest

FAST, SLOW = 9, 26


@feature(
    columns=("tenkan", "kijun", "senkou_a", "senkou_b"),
    unit="price",
    lookback=SLOW,
    state=2 * SLOW,
    warmup=2 * SLOW,
    low=0.0,
)
def ichimoku(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Tenkan and kijun, the midpoints of the range of 9 and 26 bars, and the two edges of the cloud.

    Senkou A is the mean of tenkan and kijun, senkou B the midpoint of the range of 52 bars. Charts plot the
    edges 26 bars to the right; here they are dated by the bar from which they are computed, without a shift.

    Examples
    --------
    >>> lines = ichimoku.over({"close": range(1, 53)})
    >>> lines[:, -1].tolist()
    [48.0, 39.5, 43.75, 26.5]

    References
    ----------
    Hosoda, 1969. All four can be derived from TA-Lib MIDPRICE.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, SLOW), covered(tape[LOW], at, row, stop, SLOW)
        near_tops, tops = out[0, row:stop], out[1, row:stop]
        near_bottoms, bottoms = out[2, row:stop], out[3, row:stop]
        for each in range(stop - row):
            near = highest(high, each + SLOW - FAST, FAST)
            near_tops[each], tops[each] = near, greater(near, highest(high, each, SLOW - FAST))
        for each in range(stop - row):
            near = lowest(low, each + SLOW - FAST, FAST)
            near_bottoms[each], bottoms[each] = near, less(near, lowest(low, each, SLOW - FAST))
        row = stop
    for row in range(at.size):
        # 52 bars are two windows of 26.
        past, slot = state[lane[row]], seen[row] % SLOW
        top, bottom = out[1, row], out[3, row]
        wider = greater(top, past[slot]) + less(bottom, past[SLOW + slot])
        past[slot], past[SLOW + slot] = top, bottom
        tenkan, kijun = (out[0, row] + out[2, row]) / 2.0, (top + bottom) / 2.0
        out[0, row], out[1, row], out[2, row] = tenkan, kijun, (tenkan + kijun) / 2.0
        out[3, row] = wider / 2.0 if seen[row] >= 2 * SLOW else np.nan
