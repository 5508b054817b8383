"""Relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.relative_strength import relative_strength

PERIOD = 14


# What is 134 bars old weighs 0.005 %.
@feature(unit="percent", lookback=2, state=2, warmup=134, low=0.0, high=100.0)
def rsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Relative strength index over 14 bars: the share of gains in all change.

    100 G / (G + L), where G and L are Wilder's averages of gains and losses, begun with the mean of
    the first 14 changes. A market that has not moved at all is at 50 (TA-Lib says 0 there: neither
    gains nor losses have the upper hand, so we do not call it oversold).

    Examples
    --------
    >>> float(rsi.over({"close": range(1, 31)}, warm=False)[0, -1])
    100.0
    >>> float(rsi.over({"close": [5.0] * 30}, warm=False)[0, -1])
    50.0

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib RSI, whose values it equals.
    """
    relative_strength(tape[CLOSE], at, seen, lane, state, PERIOD, out[0])
    for row in range(at.size):
        out[0, row] = out[0, row] if seen[row] > PERIOD else np.nan
