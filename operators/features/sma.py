"""Simple moving average of the close."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.moments import rolling_total

PERIOD = 20


@feature(columns=("sma_20",), unit="price", lookback=PERIOD, low=0.0)
def sma(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Simple moving average of the last 20 closes.

    Summed anew for each bar, so that rounding does not pile up.

    Examples
    --------
    >>> float(sma.over({"close": range(1, 21)})[0, -1])
    10.5

    References
    ----------
    TA-Lib SMA, whose values it equals.
    """
    totals = rolling_total(tape[CLOSE], PERIOD)
    for row in range(at.size):
        out[0, row] = totals[at[row]] / PERIOD if seen[row] >= PERIOD else np.nan
