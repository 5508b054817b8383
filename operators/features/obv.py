"""On-balance volume: where it has gone, and how steadily."""

import numpy as np

from operators.features import CLOSE, VOLUME, Floats, Ints, feature

PERIOD = 20
SPREAD = PERIOD * (PERIOD**2 - 1) / 12.0
"""Sum of squares of 0, 1, … 19 about their mean."""


@feature(
    columns=("obv_change", "obv_slope"),
    unit="share of volume, mean volumes per bar",
    lookback=PERIOD + 1,
    low=-2,
    high=2,
)
def obv(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Change of on-balance volume over 20 bars, and the slope of a straight line through it.

    OBV adds a bar's volume if the close rose and takes it away if it fell. Its level depends on where
    counting began and grows without bound, so it is not given; its change over all volume of the bars,
    in [-1, 1], and its slope over their mean volume say the same of every instrument. NaN where nothing
    traded.

    Examples
    --------
    >>> change, slope = obv.over({"close": range(21), "volume": [3.0] * 21})
    >>> float(change[-1]), float(slope[-1])
    (1.0, 1.0)

    References
    ----------
    Granville, 1963; TA-Lib OBV and LINEARREG_SLOPE, from which both can be had.
    """
    for row in range(at.size):
        now = at[row]
        out[:, row] = np.nan
        if seen[row] <= PERIOD:
            continue
        level = volume = cross = 0.0
        for step in range(PERIOD):
            then = now - PERIOD + 1 + step
            volume += tape[VOLUME, then]
            level += np.sign(tape[CLOSE, then] - tape[CLOSE, then - 1]) * tape[VOLUME, then]
            cross += (step - 0.5 * (PERIOD - 1)) * level
        if volume > 0.0:
            out[0, row] = level / volume
            out[1, row] = cross / SPREAD * PERIOD / volume
