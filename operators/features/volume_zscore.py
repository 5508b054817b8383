"""How unusual a bar's volume is."""

import numpy as np

from operators.features import INCOMPLETE, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD, LEAST = 30, 20


@feature(unit="standard deviations", lookback=PERIOD + 1)
def volume_zscore(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Standard deviations by which the volume exceeds that of the 30 bars before.

    Volumes are skewed, so z is taken of their square roots. The bar itself is not part of its own
    baseline, nor are bars in which trades are missing; NaN where fewer than 20 whole bars are left. 0
    where the baseline does not vary.

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
            # A spread of a few rounding errors is no spread.
            score = score if spread > 1e-12 * mean else 0.0
            result[each] = score if count >= LEAST else np.nan
        row = stop
