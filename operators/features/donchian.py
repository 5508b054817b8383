"""Donchian channel of the bars before this one."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.extremes import rolling_high, rolling_low

PERIOD = 20


@feature(
    columns=("donchian_high", "donchian_low", "range_position"), unit="price, price, fraction", lookback=PERIOD + 1
)
def donchian(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Highest high and lowest low of the 20 bars before this one, and where the close stands between.

    The bar itself is left out, so that a close above the channel is a breakout. The place is 0 at
    the low and 1 at the high, and beyond that outside; 0.5 where the channel has no width.

    Examples
    --------
    >>> high, low, place = donchian.over({"close": [1.0, 2.0] * 10 + [2.5]})
    >>> float(high[-1]), float(low[-1]), float(place[-1])
    (2.0, 1.0, 1.5)

    References
    ----------
    TA-Lib MAX and MIN of the bars before.
    """
    tops, bottoms = rolling_high(tape[HIGH], PERIOD), rolling_low(tape[LOW], PERIOD)
    for row in range(at.size):
        if seen[row] <= PERIOD:
            out[:, row] = np.nan
            continue
        top, bottom = tops[at[row] - 1], bottoms[at[row] - 1]
        out[0, row], out[1, row] = top, bottom
        out[2, row] = (tape[CLOSE, at[row]] - bottom) / (top - bottom) if top > bottom else 0.5
