"""Skewness of changes."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end

PERIOD = 30


@feature(unit="none", lookback=PERIOD + 1, low=-5.5, high=5.5)
def skewness(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Skewness of the last 30 changes of the close; negative if the large changes are downward.

    m3 / m2^1.5 with the central moments m; for 30 values it is within ±5.2. 0 where changes are constant.

    Examples
    --------
    >>> float(skewness.over({"close": [10.0] * 30 + [11.0]})[0, -1])
    5.199

    References
    ----------
    Joanes and Gill, The Statistician 47, 1998, where it is g1.
    """
    change = np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for bar in range(close.size - 1):
            change[bar] = close[bar + 1] - close[bar]
        for each in range(stop - row):
            middle = (close[each + PERIOD] - close[each]) / PERIOD
            square, cube = 0.0, 0.0
            for step in range(0, PERIOD, 2):
                a, b = change[each + step] - middle, change[each + step + 1] - middle
                square += a * a + b * b
                cube += a * a * a + b * b * b
            skew = np.sqrt(PERIOD) * cube / (square * np.sqrt(square))
            # Equal changes differ by a rounding error of the price, which does not count as movement.
            nothing = (1e-13 * close[each + PERIOD]) ** 2 * PERIOD
            result[each] = skew if square > nothing else 0.0
        row = stop
