"""Slow stochastic oscillator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import highest, less, lowest

PERIOD, SMOOTH = 14, 3
REACH = PERIOD + 2 * (SMOOTH - 1)


@feature(
    columns=("stochastic_k", "stochastic_d"),
    unit="percent",
    lookback=PERIOD,
    state=2 * (SMOOTH - 1),
    warmup=REACH,
    low=0.0,
    high=100.0,
)
def stochastic(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Slow stochastic 14/3/3: %K, the position of the close in the range of 14 bars smoothed over 3, and its mean %D.

    The raw value is 100 (C - L) / (H - L), and 0 where the range is 0, as in TA-Lib.

    Examples
    --------
    >>> k, d = stochastic.over({"close": range(1, 31)})
    >>> float(k[-1]), float(d[-1])
    (100.0, 100.0)

    References
    ----------
    Lane, 1984. Equal to TA-Lib STOCH(14, 3, 3).
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD), covered(tape[LOW], at, row, stop, PERIOD)
        close, count = covered(tape[CLOSE], at, row, stop, 1), seen[row:stop]
        once, twice, mine = out[0, row:stop], out[1, row:stop], state[lane[row]]
        for each in range(stop - row):
            top, bottom = highest(high, each, PERIOD), lowest(low, each, PERIOD)
            raw = 100.0 * (close[each] - bottom) / (top - bottom)
            once[each] = raw if top > bottom else 0.0
        a, b, c, d = mine[0], mine[1], mine[2], mine[3]
        for each in range(stop - row):
            e = once[each]
            # Clipped, since sums round.
            smooth, smoother = (c + d + e) * (1.0 / 3.0), (a + 2.0 * b + 3.0 * c + 2.0 * d + e) * (1.0 / 9.0)
            once[each] = less(100.0, smooth) if count[each] >= REACH else np.nan
            twice[each] = less(100.0, smoother) if count[each] >= REACH else np.nan
            a, b, c, d = b, c, d, e
        mine[0], mine[1], mine[2], mine[3] = a, b, c, d
        row = stop
