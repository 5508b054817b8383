"""Skewness of changes."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.pieces import LONGEST, next_piece

PERIOD = 30


@feature(unit="none", lookback=PERIOD + 1, low=-5.5, high=5.5)
def skewness(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Skewness of the last 30 changes of the close: below 0 the large ones went down.

    m3 / m2^1.5 with the central moments m; 30 values keep it within 5.2 of 0. 0 where changes do not
    vary.

    Examples
    --------
    >>> float(skewness.over({"close": [10.0] * 30 + [11.0]})[0, -1])
    5.199

    References
    ----------
    Joanes and Gill, The Statistician 47, 1998, where it is g1.
    """
    change, sums = np.empty(LONGEST + PERIOD), np.empty((3, LONGEST))
    begin, end = next_piece(at, 0, PERIOD)
    while begin < end:
        first, rows = at[begin] - PERIOD, end - begin
        close, newest = tape[CLOSE, first:], tape[CLOSE, first + PERIOD :]
        middle, square, cube = sums[0][:rows], sums[1][:rows], sums[2][:rows]
        for place in range(rows + PERIOD - 1):
            change[place] = close[place + 1] - close[place]
        for row in range(rows):
            middle[row], square[row], cube[row] = (newest[row] - close[row]) / PERIOD, 0.0, 0.0
        for step in range(0, PERIOD, 3):
            one, two, three = change[step:], change[step + 1 :], change[step + 2 :]
            for row in range(rows):
                a, b, c = one[row] - middle[row], two[row] - middle[row], three[row] - middle[row]
                square[row] += a * a + b * b + c * c
                cube[row] += a * a * a + b * b * b + c * c * c
        for row in range(rows):
            # Equal changes differ by a rounding error of the price, which is no move.
            nothing = (1e-13 * newest[row]) ** 2 * PERIOD
            value = np.sqrt(PERIOD) * cube[row] / (square[row] * np.sqrt(square[row])) if square[row] > nothing else 0.0
            out[0, begin + row] = value if seen[begin + row] > PERIOD else np.nan
        begin, end = next_piece(at, end, PERIOD)
