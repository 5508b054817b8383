"""Awesome oscillator."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

FAST, SLOW = 5, 34


@feature(unit="price", lookback=SLOW)
def awesome_oscillator(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Mean of the median price, (H + L) / 2, over 5 bars minus that over 34.

    Examples
    --------
    >>> float(awesome_oscillator.over({"close": range(1, 35)})[0, -1])
    14.5

    References
    ----------
    Williams, New Trading Dimensions, 1998. Can be derived from TA-Lib SMA.
    """
    middle = np.empty(LONGEST + SLOW)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, SLOW), covered(tape[LOW], at, row, stop, SLOW)
        for bar in range(high.size):
            middle[bar] = 0.5 * (high[bar] + low[bar])
        result = out[0, row:stop]
        for each in range(stop - row):
            result[each] = total(middle, each + SLOW - FAST, FAST) / FAST - total(middle, each, SLOW) / SLOW
        row = stop
