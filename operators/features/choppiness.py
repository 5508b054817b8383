"""Choppiness index."""

import numpy as np

from operators.features import HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.logarithm import ln
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import greater, highest, lowest, total

PERIOD = 14
LN_PERIOD = np.log(PERIOD)


@feature(unit="percent", lookback=PERIOD + 1, low=0.0)
def choppiness(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Choppiness index over 14 bars: 100 log14(ΣTR / (highest H - lowest L)).

    Near 0 the market trends, near 100 it moves sideways; a gap before the first bar can raise it above 100.
    100 without movement.

    Examples
    --------
    >>> float(choppiness.over({"high": [3.0] * 15, "low": [1.0] * 15, "close": [2.0] * 15})[0, -1])
    100.0

    References
    ----------
    Dreiss, 1993.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD), covered(tape[LOW], at, row, stop, PERIOD)
        ranges, result = covered(tape[TRUE_RANGE], at, row, stop, PERIOD), out[0, row:stop]
        for each in range(stop - row):
            span, way = highest(high, each, PERIOD) - lowest(low, each, PERIOD), total(ranges, each, PERIOD)
            ratio = way / span
            result[each] = ratio if span > 0.0 else float(PERIOD)
        row = stop
    for row in range(at.size):
        # Rounding can make the sum of ranges slightly smaller than the total range.
        out[0, row] = greater(0.0, 100.0 * (ln(out[0, row]) / LN_PERIOD))
