"""Chaikin money flow."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, VOLUME, Floats, Ints, feature

PERIOD = 20


@feature(unit="fraction", lookback=PERIOD, low=-1.0, high=1.0)
def cmf(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volume of 20 bars weighed by where each closed, over all of it.

    A bar weighs ((C - L) - (H - C)) / (H - L): 1 at its high, -1 at its low, 0 where it has no range.
    NaN where nothing traded.

    Examples
    --------
    >>> bars = {"high": [4.0] * 20, "low": [0.0] * 20, "close": [3.0] * 20, "volume": [7.0] * 20}
    >>> float(cmf.over(bars)[0, -1])
    0.5

    References
    ----------
    Chaikin, 1980s; TA-Lib AD, from whose steps it can be had.
    """
    for row in range(at.size):
        now = at[row]
        out[0, row] = np.nan
        if seen[row] < PERIOD:
            continue
        flow = volume = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            high, low = tape[HIGH, then], tape[LOW, then]
            volume += tape[VOLUME, then]
            if high > low:
                flow += tape[VOLUME, then] * (2.0 * tape[CLOSE, then] - low - high) / (high - low)
        if volume > 0.0:
            out[0, row] = max(-1.0, min(1.0, flow / volume))
