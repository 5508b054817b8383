"""Awesome oscillator."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.moments import rolling_total

FAST, SLOW = 5, 34


@feature(unit="price", lookback=SLOW)
def awesome_oscillator(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Mean of the bars' middles, (H + L) / 2, over 5 bars less that over 34.

    Examples
    --------
    >>> float(awesome_oscillator.over({"close": range(1, 35)})[0, -1])
    14.5

    References
    ----------
    Williams, New Trading Dimensions, 1998; TA-Lib SMA, from which it can be had.
    """
    middle = 0.5 * (tape[HIGH] + tape[LOW])
    fast, slow = rolling_total(middle, FAST), rolling_total(middle, SLOW)
    for row in range(at.size):
        now = at[row]
        out[0, row] = fast[now] / FAST - slow[now] / SLOW if seen[row] >= SLOW else np.nan
