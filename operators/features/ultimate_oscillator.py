"""Ultimate oscillator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

SHORT, MIDDLE, LONG = 7, 14, 28


@feature(unit="percent", lookback=LONG + 1, low=0.0, high=100.0)
def ultimate_oscillator(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Buying pressure over true range, over 7, 14 and 28 bars, weighed 4 : 2 : 1.

    Pressure is the close less the true low, min(L, C_{t-1}). A span in which nothing moved counts 0,
    as in TA-Lib.

    Examples
    --------
    >>> float(ultimate_oscillator.over({"high": [3.0] * 29, "low": [1.0] * 29, "close": [2.5] * 29})[0, -1])
    75.0

    References
    ----------
    Williams, 1985; TA-Lib ULTOSC, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= LONG:
            out[0, row] = np.nan
            continue
        pressure = ranges = value = 0.0
        for begin, end, weight in ((0, SHORT, 4.0), (SHORT, MIDDLE, 2.0), (MIDDLE, LONG, 1.0)):
            for then in range(now - end + 1, now - begin + 1):
                before = tape[CLOSE, then - 1]
                floor = min(tape[LOW, then], before)
                pressure += tape[CLOSE, then] - floor
                ranges += max(tape[HIGH, then], before) - floor
            if ranges > 0.0:
                value += weight * pressure / ranges
        out[0, row] = min(100.0, 100.0 * value / 7.0)
