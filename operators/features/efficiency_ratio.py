"""Kaufman's efficiency ratio."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.trailing import walked

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
    close, ways = tape[CLOSE], out[0]
    walked(close, at, PERIOD, ways)
    for row in range(at.size):
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        net = abs(close[at[row]] - close[at[row] - PERIOD])
        way = ways[row] if ways[row] > net else net  # sums round
        out[0, row] = net / way if way > 0.0 else 0.0
