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
        for back in range(LONG):
            then = now - back
            floor = min(tape[LOW, then], tape[CLOSE, then - 1])
            pressure += tape[CLOSE, then] - floor
            ranges += max(tape[HIGH, then], tape[CLOSE, then - 1]) - floor
            if ranges > 0.0:
                if back == SHORT - 1:
                    value += 4.0 * pressure / ranges
                elif back == MIDDLE - 1:
                    value += 2.0 * pressure / ranges
                elif back == LONG - 1:
                    value += pressure / ranges
        out[0, row] = min(100.0, 100.0 * value / 7.0)
