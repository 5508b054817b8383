"""The lines of Ichimoku, each as it is known at the bar."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.extremes import rolling_high, rolling_low
from operators.kernels.recall import recall

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
    highs, lows = rolling_high(tape[HIGH], FAST), rolling_low(tape[LOW], FAST)
    tops, bottoms = rolling_high(highs, SLOW, FAST), rolling_low(lows, SLOW, FAST)
    tops, now = recall(tops[at], lane, state[:, :SLOW])
    bottoms, now = recall(bottoms[at], lane, state[:, SLOW:])
    for row in range(at.size):
        if seen[row] < SLOW:
            out[:, row] = np.nan
            continue
        top, bottom = tops[now[row]], bottoms[now[row]]
        out[0, row] = (highs[at[row]] + lows[at[row]]) / 2.0
        out[1, row] = (top + bottom) / 2.0
        out[2, row] = (out[0, row] + out[1, row]) / 2.0
        # 52 bars are two windows of 26.
        top, bottom = max(top, tops[now[row] - SLOW]), min(bottom, bottoms[now[row] - SLOW])
        out[3, row] = (top + bottom) / 2.0 if seen[row] >= 2 * SLOW else np.nan
