"""Stochastic of the relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.relative_strength import relative_strength
from operators.kernels.stretches import LONGEST, stretch_end
from operators.kernels.windows import highest, lowest

PERIOD, SMOOTH = 14, 3


# A small range of the RSI magnifies the remaining weight of its seed, which is 0.01 % after 125 bars.
@feature(
    columns=("stochastic_rsi_k", "stochastic_rsi_d"),
    unit="percent",
    lookback=2,
    state=2 + (PERIOD - 1) + (SMOOTH - 1),
    warmup=125 + PERIOD + SMOOTH - 2,
    low=0.0,
    high=100.0,
)
def stochastic_rsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Position of the 14-bar RSI in its own range of the last 14 bars, and the mean of 3 such values.

    100 (R - lowest R) / (highest R - lowest R). 50 where the RSI is constant (TA-Lib returns 0).

    Examples
    --------
    >>> k, d = stochastic_rsi.over({"close": [1.0, 2.0] * 12 + list(range(2, 12))}, warm=False)
    >>> float(k[-1]), float(d[-1])
    (100.0, 100.0)

    References
    ----------
    Chande and Kroll, The New Technical Trader, 1994. Equal to TA-Lib STOCHRSI(14, 14, 3).
    """
    strength, smooth, strengths = out[0], out[1], np.empty(LONGEST + PERIOD - 1)
    relative_strength(tape[CLOSE], at, seen, lane, state[:, :2], PERIOD, strength)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        rows, count = stop - row, seen[row:stop]
        place, mean, mine = strength[row:stop], smooth[row:stop], state[lane[row], 2:]
        # The index again, behind that of the last 13 bars.
        for back in range(PERIOD - 1):
            strengths[back] = mine[back]
        for each in range(rows):
            strengths[PERIOD - 1 + each] = place[each]
        for back in range(PERIOD - 1):
            mine[back] = strengths[rows + back]
        for each in range(rows):
            top, bottom = highest(strengths, each, PERIOD), lowest(strengths, each, PERIOD)
            position = 100.0 * ((strengths[PERIOD - 1 + each] - bottom) / (top - bottom))
            # The RSI of a market at rest keeps its value but for rounding.
            place[each] = position if top - bottom > 1e-9 else 50.0
        a, b = mine[PERIOD - 1], mine[PERIOD]
        for each in range(rows):
            c = place[each]
            place[each] = c if count[each] >= 2 * PERIOD else np.nan
            mean[each] = (a + b + c) / SMOOTH if count[each] >= 2 * PERIOD + SMOOTH - 1 else np.nan
            a, b = b, c
        mine[PERIOD - 1], mine[PERIOD] = a, b
        row = stop
