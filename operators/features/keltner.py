"""Keltner channel: its width, and the position of the close in it."""

import numpy as np

from operators.features import CLOSE, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.averages import exponential

MIDDLE, PERIOD, RANGES = 20, 10, 2.0


@feature(columns=("keltner_width", "keltner_position"), unit="fraction", lookback=2, state=2, warmup=MIDDLE + 70)
def keltner(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Width of the channel over its middle, and the position of the close: 0 at the lower line, 1 at the upper.

    The middle is the exponential average of 20 closes; the lines are two average true ranges (Wilder, 10 bars)
    from it. The position is 0.5 where the channel has no width.

    Examples
    --------
    >>> bars = {"high": [11.0] * 90, "low": [9.0] * 90, "close": [10.0] * 90}
    >>> width, place = keltner.over(bars)
    >>> float(width[-1]), float(place[-1])
    (0.8, 0.5)

    References
    ----------
    Keltner, 1960, in the form of Raschke. Both can be derived from TA-Lib EMA and ATR.
    """
    width, place = out[0], out[1]
    for row in range(at.size):
        width[row], place[row] = tape[TRUE_RANGE, at[row]], tape[CLOSE, at[row]]
    exponential(width, seen - 1, lane, state[:, 1], PERIOD, 1.0 / PERIOD)
    exponential(place, seen, lane, state[:, 0], MIDDLE, 2.0 / (MIDDLE + 1))
    for row in range(at.size):
        middle, half = place[row], RANGES * width[row]
        position = 0.5 + 0.5 * (tape[CLOSE, at[row]] - middle) / half
        position = position if half > 0.0 else 0.5
        width[row] = 2.0 * half / middle if seen[row] >= MIDDLE else np.nan
        place[row] = position if seen[row] >= MIDDLE else np.nan
