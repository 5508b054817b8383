"""Choppiness index."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.windows import highest, lowest

PERIOD = 14


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
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        first = now - PERIOD + 1
        walked = 0.0
        for then in range(first, now + 1):
            before = tape[CLOSE, then - 1]
            walked += max(tape[HIGH, then], before) - min(tape[LOW, then], before)
        span = highest(tape[HIGH], first, now + 1) - lowest(tape[LOW], first, now + 1)
        # Rounding can leave the way a hair shorter than the range.
        out[0, row] = max(0.0, 100.0 * np.log(walked / span) / np.log(PERIOD)) if span > 0.0 else 100.0
