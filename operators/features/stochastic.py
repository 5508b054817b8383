"""Slow stochastic oscillator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.extremes import rolling_high, rolling_low
from operators.kernels.recall import recall

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
    """Slow stochastic 14/3/3: where the close stands in the range of 14 bars, smoothed once and twice.

    The raw value is 100 (C - L) / (H - L), and 0 where the range has no width, as in TA-Lib.

    Examples
    --------
    >>> k, d = stochastic.over({"close": range(1, 31)})
    >>> float(k[-1]), float(d[-1])
    (100.0, 100.0)

    References
    ----------
    Lane, 1984; TA-Lib STOCH(14, 3, 3), whose values it equals.
    """
    tops, bottoms = rolling_high(tape[HIGH], PERIOD), rolling_low(tape[LOW], PERIOD)
    raw = out[0]
    for row in range(at.size):
        top, bottom = tops[at[row]], bottoms[at[row]]
        raw[row] = 100.0 * (tape[CLOSE, at[row]] - bottom) / (top - bottom) if top > bottom else 0.0
    raws, place = recall(raw, lane, state)
    for row in range(at.size):
        now = place[row]
        if seen[row] < REACH:
            out[:, row] = np.nan
            continue
        a, b, c, d, e = raws[now], raws[now - 1], raws[now - 2], raws[now - 3], raws[now - 4]
        # Clipped, since sums round.
        out[0, row] = min(100.0, (a + b + c) * (1.0 / 3.0))
        out[1, row] = min(100.0, (a + 2.0 * b + 3.0 * c + 2.0 * d + e) * (1.0 / 9.0))
