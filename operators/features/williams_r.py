"""Williams %R."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.extremes import rolling_high, rolling_low

PERIOD = 14


@feature(unit="percent", lookback=PERIOD, low=-100.0, high=0.0)
def williams_r(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """How far the close stands under the highest high of 14 bars, in percent of their range.

    -100 (H - C) / (H - L); 0 at the high, -100 at the low, -50 where the range has no width (TA-Lib
    says 0).

    Examples
    --------
    >>> float(williams_r.over({"close": [1.0] * 12 + [3.0, 2.5]})[0, -1])
    -25.0

    References
    ----------
    Williams, 1973; TA-Lib WILLR, whose values it equals.
    """
    tops, bottoms = rolling_high(tape[HIGH], PERIOD), rolling_low(tape[LOW], PERIOD)
    for row in range(at.size):
        top, bottom = tops[at[row]], bottoms[at[row]]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
        else:
            out[0, row] = -100.0 * ((top - tape[CLOSE, at[row]]) / (top - bottom)) if top > bottom else -50.0
