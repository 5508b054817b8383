"""Slow stochastic oscillator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD, SMOOTH = 14, 3
REACH = PERIOD + 2 * (SMOOTH - 1)


@feature(columns=("stochastic_k", "stochastic_d"), unit="percent", lookback=REACH, low=0.0, high=100.0)
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
    raw = np.empty(2 * SMOOTH - 1)
    for row in range(at.size):
        now = at[row]
        if seen[row] < REACH:
            out[:, row] = np.nan
            continue
        for back in range(raw.size):
            then = now - back
            top = tape[HIGH, then - PERIOD + 1 : then + 1].max()
            bottom = tape[LOW, then - PERIOD + 1 : then + 1].min()
            raw[back] = 100.0 * (tape[CLOSE, then] - bottom) / (top - bottom) if top > bottom else 0.0
        slow = 0.0
        for back in range(SMOOTH):
            slow += raw[back : back + SMOOTH].mean() / SMOOTH
        out[0, row], out[1, row] = raw[:SMOOTH].mean(), slow
