"""Autocorrelation of changes."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.pieces import LONGEST, next_piece

PERIOD = 30


@feature(unit="correlation", lookback=PERIOD + 1, low=-1.0, high=1.0)
def autocorrelation(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Correlation of each of the last 30 changes of the close with the one before it.

    Σ (x_i - m)(x_{i-1} - m) / Σ (x_i - m)². Above 0 moves go on, below 0 they are taken back; within
    0.36 of 0 it says nothing (two standard errors, 2 / sqrt(30)). 0 where changes do not vary.

    Examples
    --------
    >>> float(autocorrelation.over({"close": [1.0, 2.0] * 16})[0, -1])
    -0.9666666

    References
    ----------
    Box and Jenkins, Time Series Analysis, 1970.
    """
    change, sums = np.empty(LONGEST + PERIOD), np.empty((3, LONGEST))
    begin, end = next_piece(at, 0, PERIOD)
    while begin < end:
        first, rows = at[begin] - PERIOD, end - begin
        close, newest = tape[CLOSE, first:], tape[CLOSE, first + PERIOD :]
        middle, square, cross = sums[0][:rows], sums[1][:rows], sums[2][:rows]
        for place in range(rows + PERIOD - 1):
            change[place] = close[place + 1] - close[place]
        for row in range(rows):
            middle[row] = (newest[row] - close[row]) / PERIOD
            a, b = change[row] - middle[row], change[row + 1] - middle[row]
            square[row], cross[row] = a * a + b * b, a * b
        for step in range(2, PERIOD, 2):
            before, one, two = change[step - 1 :], change[step:], change[step + 1 :]
            for row in range(rows):
                z, a, b = before[row] - middle[row], one[row] - middle[row], two[row] - middle[row]
                square[row] += a * a + b * b
                cross[row] += z * a + a * b
        for row in range(rows):
            # Equal changes differ by a rounding error of the price, which is no move.
            nothing = (1e-13 * newest[row]) ** 2 * PERIOD
            value = cross[row] / square[row] if square[row] > nothing else 0.0
            out[0, begin + row] = value if seen[begin + row] > PERIOD else np.nan
        begin, end = next_piece(at, end, PERIOD)
