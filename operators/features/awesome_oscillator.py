"""Awesome oscillator."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.windows import total

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
    for row in range(at.size):
        now = at[row]
        if seen[row] < SLOW:
            out[0, row] = np.nan
            continue
        fast = total(tape[HIGH], now - FAST + 1, now + 1) + total(tape[LOW], now - FAST + 1, now + 1)
        rest = total(tape[HIGH], now - SLOW + 1, now - FAST + 1) + total(tape[LOW], now - SLOW + 1, now - FAST + 1)
        out[0, row] = 0.5 * fast / FAST - 0.5 * (fast + rest) / SLOW
