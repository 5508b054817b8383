"""Autocorrelation of changes."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

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
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        middle = (tape[CLOSE, now] - tape[CLOSE, now - PERIOD]) / PERIOD
        cross = square = before = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            away = tape[CLOSE, then] - tape[CLOSE, then - 1] - middle
            cross += away * before
            square += away * away
            before = away
        # Equal changes differ by a rounding error of the price, which is no move.
        nothing = (1e-13 * tape[CLOSE, now]) ** 2 * PERIOD
        out[0, row] = cross / square if square > nothing else 0.0
