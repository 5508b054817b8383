"""Ulcer index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.pieces import LONGEST, next_piece

PERIOD = 14


@feature(unit="percent", lookback=PERIOD, low=0.0, high=100.0)
def ulcer_index(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Root mean square of the drawdown over 14 bars, each from the highest close of the 14 so far.

    Examples
    --------
    >>> float(ulcer_index.over({"close": [100.0] * 7 + [90.0] * 7})[0, -1])
    7.0710678

    References
    ----------
    Martin and McCann, The Investor's Guide to Fidelity Funds, 1989.
    """
    share, sums = np.empty(LONGEST + PERIOD), np.empty((3, LONGEST))
    begin, end = next_piece(at, 0, PERIOD - 1)
    while begin < end:
        close, rows = tape[CLOSE, at[begin] - PERIOD + 1 :], end - begin
        top, share_of_top, square = sums[0][:rows], sums[1][:rows], sums[2][:rows]
        for place in range(rows + PERIOD - 1):
            share[place] = 1.0 / close[place]  # so that drawdowns are products
        for row in range(rows):
            top[row], share_of_top[row], square[row] = close[row], share[row], 0.0
        for step in range(1, PERIOD):
            values, shares = close[step:], share[step:]
            for row in range(rows):
                value, high = values[row], top[row]
                scale, scale_before = shares[row], share_of_top[row]
                scale = scale if value > high else scale_before
                high = value if value > high else high
                away = (high - value) * scale
                top[row], share_of_top[row] = high, scale
                square[row] += away * away
        for row in range(rows):
            value = 100.0 * np.sqrt(square[row] / PERIOD)
            out[0, begin + row] = value if seen[begin + row] >= PERIOD else np.nan
        begin, end = next_piece(at, end, PERIOD - 1)
