"""Aroon: how long ago the extremes were."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.extremes import since_high, since_low

PERIOD = 25


@feature(
    columns=("aroon_up", "aroon_down", "aroon_oscillator"), unit="percent", lookback=PERIOD + 1, low=-100.0, high=100.0
)
def aroon(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """How fresh the highest high and the lowest low of the last 25 bars are, and the difference.

    100 (25 - n) / 25, where n bars have passed since the extreme, the newest if there are several:
    100 where it was made just now, 0 where it is 25 bars old. The oscillator is up less down.

    Examples
    --------
    >>> up, down, both = aroon.over({"close": range(1, 31)})
    >>> float(up[-1]), float(down[-1]), float(both[-1])
    (100.0, 0.0, 100.0)

    References
    ----------
    Chande, 1995; TA-Lib AROON and AROONOSC, whose values it equals.
    """
    ups, downs = since_high(tape[HIGH], PERIOD + 1), since_low(tape[LOW], PERIOD + 1)
    for row in range(at.size):
        if seen[row] <= PERIOD:
            out[:, row] = np.nan
            continue
        out[0, row] = 100.0 * (PERIOD - ups[at[row]]) / PERIOD
        out[1, row] = 100.0 * (PERIOD - downs[at[row]]) / PERIOD
        out[2, row] = out[0, row] - out[1, row]
