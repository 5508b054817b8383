"""The lines of Ichimoku, each as it is known at the bar."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.windows import highest, lowest

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
    """Tenkan and kijun, the middles of the range of 9 and 26 bars, and the two borders of the cloud.

    Senkou A is the mean of tenkan and kijun, senkou B the middle of the range of 52 bars. Charts draw
    the borders 26 bars to the right; here they stand at the bar that they are made of, so nothing is
    moved in time.

    Examples
    --------
    >>> lines = ichimoku.over({"close": range(1, 53)})
    >>> lines[:, -1].tolist()
    [48.0, 39.5, 43.75, 26.5]

    References
    ----------
    Hosoda, 1969; TA-Lib MIDPRICE, from which all four can be had.
    """
    for row in range(at.size):
        now = at[row]
        # The extremes of 26 bars, as they were at each of the last 26: 52 bars are two such windows.
        tops, bottoms = state[lane[row], :SLOW], state[lane[row], SLOW:]
        if seen[row] < SLOW:
            out[:, row] = np.nan
            continue
        top = highest(tape[HIGH], now - FAST + 1, now + 1)
        bottom = lowest(tape[LOW], now - FAST + 1, now + 1)
        out[0, row] = (top + bottom) / 2.0
        top = max(top, highest(tape[HIGH], now - SLOW + 1, now - FAST + 1))
        bottom = min(bottom, lowest(tape[LOW], now - SLOW + 1, now - FAST + 1))
        out[1, row] = (top + bottom) / 2.0
        out[2, row] = (out[0, row] + out[1, row]) / 2.0
        place = seen[row] % SLOW
        if seen[row] < 2 * SLOW:
            out[3, row] = np.nan
        else:
            out[3, row] = (max(top, tops[place]) + min(bottom, bottoms[place])) / 2.0
        tops[place], bottoms[place] = top, bottom
