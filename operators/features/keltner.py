"""Keltner channel: its width, and where the close stands in it."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.averages import seeded

MIDDLE, PERIOD, RANGES = 20, 10, 2.0


@feature(columns=("keltner_width", "keltner_position"), unit="fraction", lookback=2, state=2, warmup=MIDDLE + 70)
def keltner(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Width of the channel over its middle, and the close's place: 0 at the lower line, 1 at the upper.

    The middle is the exponential average of 20 closes; the lines stand two average true ranges (Wilder,
    10 bars) from it. Where the channel has no width the place is 0.5.

    Examples
    --------
    >>> bars = {"high": [11.0] * 90, "low": [9.0] * 90, "close": [10.0] * 90}
    >>> width, place = keltner.over(bars)
    >>> float(width[-1]), float(place[-1])
    (0.8, 0.5)

    References
    ----------
    Keltner, 1960, in the form of Raschke; TA-Lib EMA and ATR, from which both can be had.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        out[:, row] = np.nan
        mine[0] = seeded(mine[0], tape[CLOSE, now], seen[row], MIDDLE, 2.0 / (MIDDLE + 1))
        if seen[row] == 1:
            continue
        before = tape[CLOSE, now - 1]
        span = max(tape[HIGH, now], before) - min(tape[LOW, now], before)
        mine[1] = seeded(mine[1], span, seen[row] - 1, PERIOD, 1.0 / PERIOD)
        if seen[row] < MIDDLE:
            continue
        half = RANGES * mine[1]
        out[0, row] = 2.0 * half / mine[0]
        out[1, row] = (tape[CLOSE, now] - mine[0] + half) / (2.0 * half) if half > 0.0 else 0.5
