"""Relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.relative_strength import relative_strength

PERIOD = 14


# The weight of a value 134 bars old is 0.005 %.
@feature(unit="percent", lookback=2, state=2, warmup=134, low=0.0, high=100.0)
def rsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Relative strength index over 14 bars: gains as a percentage of all changes.

    100 G / (G + L), where G and L are Wilder's averages of gains and losses, seeded with the means of the first 14
    changes. 50 without movement, where TA-Lib returns 0: a market at rest is not oversold.

    Examples
    --------
    >>> float(rsi.over({"close": range(1, 31)}, warm=False)[0, -1])
    100.0
    >>> float(rsi.over({"close": [5.0] * 30}, warm=False)[0, -1])
    50.0

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978. Equal to TA-Lib RSI.
    """
    relative_strength(tape[CLOSE], at, seen, lane, state, PERIOD, out[0])
    for row in range(at.size):
        out[0, row] = out[0, row] if seen[row] > PERIOD else np.nan
