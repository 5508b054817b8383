"""Detrended price oscillator."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.moments import rolling_total

PERIOD = 20
BACK = PERIOD // 2 + 1


@feature(unit="price", lookback=PERIOD)
def detrended_price(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """The close of 11 bars ago less the mean of the last 20 closes, in the middle of which it stands.

    Charts draw it 11 bars to the left, under the close that it is of, where nobody could have known
    it; here it stands at the bar that completes it.

    Examples
    --------
    >>> float(detrended_price.over({"close": range(1, 21)})[0, -1])
    -1.5

    References
    ----------
    StockCharts ChartSchool, Detrended Price Oscillator; TA-Lib SMA, from which it can be had.
    """
    totals = rolling_total(tape[CLOSE], PERIOD)
    for row in range(at.size):
        now = at[row]
        out[0, row] = tape[CLOSE, now - BACK] - totals[now] / PERIOD if seen[row] >= PERIOD else np.nan
