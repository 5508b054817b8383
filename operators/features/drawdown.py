"""Drawdown from the rolling high."""

import numpy as np

from operators.features import CLOSE, HIGH, Floats, Ints, feature
from operators.kernels.extremes import rolling_high

PERIOD = 30


@feature(unit="fraction", lookback=PERIOD, low=-1.0, high=0.0)
def drawdown(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close over the highest high of the last 30 bars, less one.

    Examples
    --------
    >>> float(drawdown.over({"close": [100.0] * 29 + [90.0]})[0, -1])
    -0.1
    """
    highs = rolling_high(tape[HIGH], PERIOD)
    for row in range(at.size):
        out[0, row] = tape[CLOSE, at[row]] / highs[at[row]] - 1.0 if seen[row] >= PERIOD else np.nan
