"""Stochastic of the relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.relative_strength import relative_strength
from operators.kernels.windows import highest, lowest, total

PERIOD, SMOOTH = 14, 3


@feature(
    columns=("stochastic_rsi_k", "stochastic_rsi_d"),
    unit="percent",
    lookback=2,
    state=2 + PERIOD + SMOOTH,
    warmup=94 + PERIOD + SMOOTH - 2,
    low=0.0,
    high=100.0,
)
def stochastic_rsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Where the RSI of 14 bars stands in its own range of the last 14, and the mean of 3 such places.

    100 (R - lowest R) / (highest R - lowest R). 50 where the RSI has not moved (TA-Lib says 0).

    Examples
    --------
    >>> k, d = stochastic_rsi.over({"close": [1.0, 2.0] * 12 + list(range(2, 12))}, warm=False)
    >>> float(k[-1]), float(d[-1])
    (100.0, 100.0)

    References
    ----------
    Chande and Kroll, The New Technical Trader, 1994; TA-Lib STOCHRSI(14, 14, 3), whose values it equals.
    """
    for row in range(at.size):
        mine = state[lane[row]]  # gains, losses, the last 14 RSIs, the last 3 places
        strengths, places = mine[2 : 2 + PERIOD], mine[2 + PERIOD :]
        out[:, row] = np.nan
        if seen[row] == 1:
            continue
        change = tape[CLOSE, at[row]] - tape[CLOSE, at[row] - 1]
        mine[0], mine[1], strength = relative_strength(mine[0], mine[1], change, seen[row] - 1, PERIOD)
        if seen[row] <= PERIOD:
            continue
        strengths[seen[row] % PERIOD] = strength
        if seen[row] < 2 * PERIOD:
            continue
        bottom = lowest(strengths, 0, PERIOD)
        span = highest(strengths, 0, PERIOD) - bottom
        # The RSI of a market at rest keeps its value but for rounding.
        place = 100.0 * ((strength - bottom) / span) if span > 1e-9 else 50.0
        places[seen[row] % SMOOTH] = place
        out[0, row] = place
        if seen[row] >= 2 * PERIOD + SMOOTH - 1:
            out[1, row] = total(places, 0, SMOOTH) / SMOOTH
