"""Skewness of changes."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

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
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        middle = (tape[CLOSE, now] - tape[CLOSE, now - PERIOD]) / PERIOD
        square = cube = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            away = tape[CLOSE, then] - tape[CLOSE, then - 1] - middle
            square += away * away
            cube += away * away * away
        # Equal changes differ by a rounding error of the price, which is no move.
        nothing = (1e-13 * tape[CLOSE, now]) ** 2 * PERIOD
        out[0, row] = np.sqrt(PERIOD) * cube / (square * np.sqrt(square)) if square > nothing else 0.0
