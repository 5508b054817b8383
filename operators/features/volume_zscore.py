"""Z-score of volume."""

import numpy as np

from operators.features import INCOMPLETE, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD, LEAST = 30, 20


@feature(unit="standard deviations", lookback=PERIOD + 1)
def volume_zscore(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Z-score of the square root of volume relative to the preceding 30 bars.

    The square root reduces the skewness of volumes. The current bar and bars with missing trades are excluded from
    the baseline; NaN with fewer than 20 complete bars. 0 where the baseline is constant.

    Examples
    --------
    >>> float(volume_zscore.over({"close": [1.0] * 31, "volume": [1.0, 2.0] * 15 + [8.0]})[0, -1])
    7.8284271
    """
    root, whole = np.empty(LONGEST + PERIOD), np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume = covered(tape[VOLUME], at, row, stop, PERIOD + 1)
        incomplete = covered(tape[INCOMPLETE], at, row, stop, PERIOD + 1)
        for bar in range(volume.size):
            whole[bar] = 1.0 - incomplete[bar]
            root[bar] = whole[bar] * np.sqrt(volume[bar])
        now, result = volume[PERIOD:], out[0, row:stop]
        for each in range(stop - row):
            count = total(whole, each, PERIOD)
            mean = total(root, each, PERIOD) / count
            square = 0.0
            for step in range(0, PERIOD, 2):
                a = root[each + step] - whole[each + step] * mean
                b = root[each + step + 1] - whole[each + step + 1] * mean
                square += a * a + b * b
            spread = np.sqrt(square / count)
            score = (np.sqrt(now[each]) - mean) / spread
            # A spread of the order of the rounding error counts as 0.
            score = score if spread > 1e-12 * mean else 0.0
            result[each] = score if count >= LEAST else np.nan
        row = stop
