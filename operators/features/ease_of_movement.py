"""Ease of movement."""

import numpy as np

from operators.features import HIGH, LOW, VOLUME, Floats, Ints, feature

PERIOD = 14
SCALE = 1e8


@feature(unit="squared price per 100 million of volume", lookback=PERIOD + 1)
def ease_of_movement(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Move of the bar's middle times its range, over its volume; the mean of 14 bars.

    10^8 (M - M_{t-1}) (H - L) / V with M = (H + L) / 2. A bar without trades counts 0.

    Examples
    --------
    >>> bars = {"high": range(3, 18), "low": range(1, 16), "close": range(2, 17), "volume": [1e8] * 15}
    >>> float(ease_of_movement.over(bars)[0, -1])
    2.0

    References
    ----------
    Arms, 1996; the scale is that of StockCharts ChartSchool.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        ease = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            high, low = tape[HIGH, then], tape[LOW, then]
            if tape[VOLUME, then] > 0.0:
                move = 0.5 * (high + low) - 0.5 * (tape[HIGH, then - 1] + tape[LOW, then - 1])
                ease += move * (high - low) / tape[VOLUME, then]
        out[0, row] = SCALE * ease / PERIOD
