"""Kaufman's efficiency ratio."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

PERIOD = 10


@feature(unit="fraction", lookback=PERIOD + 1, low=0.0, high=1.0)
def efficiency_ratio(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """How straight the way of the last 10 bars was: net change over the sum of all changes.

    1 is a straight line, near 0 is noise; 0 where nothing moved.

    Examples
    --------
    >>> float(efficiency_ratio.over({"close": range(11)})[0, -1])
    1.0

    References
    ----------
    Kaufman, Smarter Trading, 1995.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        walked = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            walked += abs(tape[CLOSE, then] - tape[CLOSE, then - 1])
        net = abs(tape[CLOSE, now] - tape[CLOSE, now - PERIOD])
        out[0, row] = min(1.0, net / walked) if walked > 0.0 else 0.0  # sums round
