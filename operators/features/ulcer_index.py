"""Ulcer index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import greater

PERIOD = 14


@feature(unit="percent", lookback=PERIOD, low=0.0, high=100.0)
def ulcer_index(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Root mean square drawdown over 14 bars, each from the highest close of the window so far.

    Examples
    --------
    >>> float(ulcer_index.over({"close": [100.0] * 7 + [90.0] * 7})[0, -1])
    7.0710678

    References
    ----------
    Martin and McCann, The Investor's Guide to Fidelity Funds, 1989.
    """
    share = np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD), out[0, row:stop]
        for bar in range(close.size):
            share[bar] = 1.0 / close[bar]  # so that drawdowns are products
        for each in range(stop - row):
            top, scale, square = close[each], share[each], 0.0
            for step in range(1, PERIOD):
                value, own = close[each + step], share[each + step]
                scale = own if value > top else scale
                top = greater(top, value)
                fallen = (top - value) * scale
                square += fallen * fallen
            result[each] = 100.0 * np.sqrt(square / PERIOD)
        row = stop
