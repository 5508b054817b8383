"""Weighted moving average of the close."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

PERIOD = 20


@feature(columns=("wma_20",), unit="price", lookback=PERIOD, low=0.0)
def wma(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Moving average of the last 20 closes with weights 20, 19, … 1, the newest heaviest.

    Examples
    --------
    >>> float(wma.over({"close": range(1, 21)})[0, -1])
    13.666666

    References
    ----------
    TA-Lib WMA, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
            continue
        weighed = 0.0
        for back in range(PERIOD):
            weighed += (PERIOD - back) * tape[CLOSE, now - back]
        out[0, row] = weighed / (PERIOD * (PERIOD + 1) // 2)
