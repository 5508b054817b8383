"""Volume-weighted momentum."""

import numpy as np

from operators.features import CLOSE, VOLUME, Floats, Ints, feature

PERIOD = 10


@feature(unit="percent per bar", lookback=PERIOD + 1)
def volume_weighted_momentum(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Mean change of the last 10 closes, each with the weight of its volume, in percent of the first.

    100 ΣVΔC / (C_{t-10} ΣV). NaN where nothing traded.

    Examples
    --------
    >>> bars = {"close": [100.0] * 10 + [102.0], "volume": [1.0] * 10 + [11.0]}
    >>> float(volume_weighted_momentum.over(bars)[0, -1])
    1.1
    """
    for row in range(at.size):
        now = at[row]
        out[0, row] = np.nan
        if seen[row] <= PERIOD:
            continue
        moved = volume = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            moved += tape[VOLUME, then] * (tape[CLOSE, then] - tape[CLOSE, then - 1])
            volume += tape[VOLUME, then]
        if volume > 0.0:
            out[0, row] = 100.0 * moved / (volume * tape[CLOSE, now - PERIOD])
