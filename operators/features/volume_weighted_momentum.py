"""Volume-weighted momentum."""

import numpy as np

from operators.features import CLOSE, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

PERIOD = 10


@feature(unit="percent per bar", lookback=PERIOD + 1)
def volume_weighted_momentum(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volume-weighted mean change of the last 10 closes, in percent of the first.

    100 ΣVΔC / (C_{t-10} ΣV). NaN without volume.

    Examples
    --------
    >>> bars = {"close": [100.0] * 10 + [102.0], "volume": [1.0] * 10 + [11.0]}
    >>> float(volume_weighted_momentum.over(bars)[0, -1])
    1.1
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume, close = covered(tape[VOLUME], at, row, stop, PERIOD), covered(tape[CLOSE], at, row, stop, PERIOD + 1)
        result = out[0, row:stop]
        for each in range(stop - row):
            moved = traded = 0.0
            for step in range(PERIOD):
                moved += volume[each + step] * (close[each + step + 1] - close[each + step])
                traded += volume[each + step]
            momentum = 100.0 * moved / (traded * close[each])
            result[each] = momentum if traded > 0.0 else np.nan
        row = stop
