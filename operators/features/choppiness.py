"""Choppiness index."""

import numpy as np

from operators.features import HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.logarithm import ln
from operators.kernels.stretches import highs, lows, totals

PERIOD = 14
LN_PERIOD = np.log(PERIOD)


@feature(unit="percent", lookback=PERIOD + 1, low=0.0)
def choppiness(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """How much of its way over 14 bars the market went in vain: 100 log14(ΣTR / (highest H - lowest L)).

    Near 0 it went straight, near 100 it stayed in place; a gap before the first bar can bring it
    above 100. 100 where nothing moved.

    Examples
    --------
    >>> float(choppiness.over({"high": [3.0] * 15, "low": [1.0] * 15, "close": [2.0] * 15})[0, -1])
    100.0

    References
    ----------
    Dreiss, 1993.
    """
    walked, top, bottom = np.empty(at.size), np.empty(at.size), np.empty(at.size)
    totals(tape[TRUE_RANGE], at, PERIOD, walked)
    highs(tape[HIGH], at, PERIOD, top)
    lows(tape[LOW], at, PERIOD, bottom)
    for row in range(at.size):
        span = top[row] - bottom[row]
        index = 100.0 / LN_PERIOD * ln(walked[row] / span)
        index = index if index > 0.0 else 0.0  # rounding can leave the way a hair shorter than the range
        out[0, row] = index if span > 0.0 else 100.0
