"""Stochastic of the relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.extremes import rolling_high, rolling_low
from operators.kernels.moments import rolling_total
from operators.kernels.recall import recall
from operators.kernels.relative_strength import relative_strengths

PERIOD, SMOOTH = 14, 3


# Where the RSI has moved little its range magnifies what is left of its seed: 0.01 % of that, after 125 bars.
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
    averages, strengths, places = state[:, :2], state[:, 2 : 1 + PERIOD], state[:, 1 + PERIOD :]
    strength = relative_strengths(tape[CLOSE], at, seen, lane, averages, PERIOD)
    strength, now = recall(strength, lane, strengths)
    highs, lows = rolling_high(strength, PERIOD), rolling_low(strength, PERIOD)
    place = out[0]
    for row in range(at.size):
        bottom = lows[now[row]]
        span = highs[now[row]] - bottom
        # The RSI of a market at rest keeps its value but for rounding.
        place[row] = 100.0 * ((strength[now[row]] - bottom) / span) if span > 1e-9 else 50.0
    place, now = recall(place, lane, places)
    smooth = rolling_total(place, SMOOTH)
    for row in range(at.size):
        out[0, row] = place[now[row]] if seen[row] >= 2 * PERIOD else np.nan
        out[1, row] = smooth[now[row]] / SMOOTH if seen[row] >= 2 * PERIOD + SMOOTH - 1 else np.nan
