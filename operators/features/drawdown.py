"""Drawdown from the rolling high."""

import numpy as np

from operators.features import CLOSE, HIGH, Floats, Ints, feature
from operators.kernels.windows import highest

PERIOD = 30


@feature(unit="fraction", lookback=PERIOD, low=-1.0, high=0.0)
def drawdown(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close over the highest high of the last 30 bars, less one.

    Examples
    --------
    >>> float(drawdown.over({"close": [100.0] * 29 + [90.0]})[0, -1])
    -0.1
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
        else:
            out[0, row] = tape[CLOSE, now] / highest(tape[HIGH], now - PERIOD + 1, now + 1) - 1.0
