"""Slow stochastic oscillator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD, SMOOTH = 14, 3
REACH = PERIOD + 2 * (SMOOTH - 1)
KEPT = 2 * SMOOTH - 1


@feature(
    columns=("stochastic_k", "stochastic_d"),
    unit="percent",
    lookback=PERIOD,
    state=KEPT,
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
    for row in range(at.size):
        now = at[row]
        raw = state[lane[row]]  # the last raw values, newest first
        out[:, row] = np.nan
        if seen[row] < PERIOD:
            continue
        top, bottom = tape[HIGH, now], tape[LOW, now]
        for then in range(now - PERIOD + 1, now):
            top = max(top, tape[HIGH, then])
            bottom = min(bottom, tape[LOW, then])
        for back in range(KEPT - 1, 0, -1):
            raw[back] = raw[back - 1]
        raw[0] = 100.0 * (tape[CLOSE, now] - bottom) / (top - bottom) if top > bottom else 0.0
        if seen[row] < REACH:
            continue
        fast = slow = 0.0
        for back in range(SMOOTH):
            fast += raw[back] / SMOOTH
            for further in range(back, back + SMOOTH):
                slow += raw[further] / (SMOOTH * SMOOTH)
        # Clipped, since sums round.
        out[0, row], out[1, row] = min(100.0, fast), min(100.0, slow)
