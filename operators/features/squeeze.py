"""Volatility squeeze: Bollinger bands inside the Keltner channel."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD, DEVIATIONS, RANGES = 20, 2.0, 1.5


@feature(unit="ratio", lookback=PERIOD + 1, low=0.0)
def squeeze(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Half width of the Bollinger bands over that of a Keltner channel, both of 20 bars.

    2 deviations of the close over 1.5 mean true ranges. Under 1 the market is squeezed: it moves
    about inside each bar and gets nowhere from bar to bar. 1 where nothing moved.

    Examples
    --------
    >>> bars = {"high": [12.0] * 21, "low": [8.0] * 21, "close": [9.0, 11.0] * 10 + [9.0]}
    >>> float(squeeze.over(bars)[0, -1])
    0.333333

    References
    ----------
    Carter, Mastering the Trade, 2005.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        ranges = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            before = tape[CLOSE, then - 1]
            ranges += max(tape[HIGH, then], before) - min(tape[LOW, then], before)
        ranges /= PERIOD
        deviation = tape[CLOSE, now - PERIOD + 1 : now + 1].std()
        out[0, row] = DEVIATIONS * deviation / (RANGES * ranges) if ranges > 0.0 else 1.0
