"""On-balance volume: normalised change and slope."""

import numpy as np

from operators.features import CLOSE, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

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
    """Change of on-balance volume over 20 bars, and the slope of its regression line, both normalised by volume.

    OBV adds the volume of a bar if the close rose and subtracts it if it fell. Its level depends on the start and is
    unbounded, so it is not an output; its change over the total volume of the bars, in [-1, 1], and its slope over
    their mean volume are comparable across instruments. NaN without volume.

    Examples
    --------
    >>> change, slope = obv.over({"close": range(21), "volume": [3.0] * 21})
    >>> float(change[-1]), float(slope[-1])
    (1.0, 1.0)

    References
    ----------
    Granville, 1963. Both can be derived from TA-Lib OBV and LINEARREG_SLOPE.
    """
    flow = np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume, close = covered(tape[VOLUME], at, row, stop, PERIOD), covered(tape[CLOSE], at, row, stop, PERIOD + 1)
        for bar in range(volume.size):
            rise = close[bar + 1] - close[bar]
            flow[bar] = volume[bar] * (1.0 if rise > 0.0 else -1.0 if rise < 0.0 else 0.0)
        change, slope = out[0, row:stop], out[1, row:stop]
        for each in range(stop - row):
            traded, cross = total(volume, each, PERIOD), 0.0
            for step in range(PERIOD):
                # The flow of a bar is part of its own level and of all later ones.
                cross += 0.5 * step * (PERIOD - step) * flow[each + step]
            level, line = total(flow, each, PERIOD) / traded, PERIOD / SPREAD * cross / traded
            change[each] = level if traded > 0.0 else np.nan
            slope[each] = line if traded > 0.0 else np.nan
        row = stop
