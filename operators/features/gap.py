"""Gap from the close before."""

import numpy as np

from operators.features import CLOSE, OPEN, Floats, Ints, feature


@feature(unit="percent", lookback=2, low=-100.0)
def gap(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """By how much the bar opened away from the close before it: 100 (O_t / C_{t-1} - 1).

    Examples
    --------
    >>> float(gap.over({"open": [1.0, 103.0], "close": [100.0, 104.0]})[0, -1])
    3.0
    """
    for row in range(at.size):
        now = at[row]
        out[0, row] = 100.0 * (tape[OPEN, now] / tape[CLOSE, now - 1] - 1.0) if seen[row] > 1 else np.nan
