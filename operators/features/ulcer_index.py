"""Ulcer index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

PERIOD = 14


@feature(unit="percent", lookback=PERIOD, low=0.0, high=100.0)
def ulcer_index(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Root mean square of the drawdown over 14 bars, each from the highest close of the 14 so far.

    Examples
    --------
    >>> float(ulcer_index.over({"close": [100.0] * 7 + [90.0] * 7})[0, -1])
    7.0710678

    References
    ----------
    Martin and McCann, The Investor's Guide to Fidelity Funds, 1989.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
            continue
        top = square = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            top = max(top, tape[CLOSE, then])
            square += (1.0 - tape[CLOSE, then] / top) ** 2
        out[0, row] = 100.0 * np.sqrt(square / PERIOD)
