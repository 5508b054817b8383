"""Volatility squeeze: Bollinger bands inside the Keltner channel."""

import numpy as np

from operators.features import CLOSE, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import squares, total

PERIOD, DEVIATIONS, RANGES = 20, 2.0, 1.5


@feature(unit="ratio", lookback=PERIOD + 1, low=0.0)
def squeeze(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Width of the Bollinger bands over that of a Keltner channel, both of 20 bars.

    2 standard deviations of the close over 1.5 mean true ranges. Below 1 the market is in a squeeze: it moves
    within bars, but not from bar to bar. 1 without movement.

    Examples
    --------
    >>> bars = {"high": [12.0] * 21, "low": [8.0] * 21, "close": [9.0, 11.0] * 10 + [9.0]}
    >>> float(squeeze.over(bars)[0, -1])
    0.333333

    References
    ----------
    Carter, Mastering the Trade, 2005.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, ranges = covered(tape[CLOSE], at, row, stop, PERIOD), covered(tape[TRUE_RANGE], at, row, stop, PERIOD)
        result = out[0, row:stop]
        for each in range(stop - row):
            middle, walked = total(close, each, PERIOD) / PERIOD, total(ranges, each, PERIOD) / PERIOD
            deviation = np.sqrt(squares(close, each, PERIOD, middle) / PERIOD)
            ratio = DEVIATIONS * deviation / (RANGES * walked)
            result[each] = ratio if walked > 0.0 else 1.0
        row = stop
