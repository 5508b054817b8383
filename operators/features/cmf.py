"""Chaikin money flow."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20


@feature(unit="fraction", lookback=PERIOD, low=-1.0, high=1.0)
def cmf(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Chaikin money flow over 20 bars: volume weighted by the position of the close in the bar, over total volume.

    The weight of a bar is ((C - L) - (H - C)) / (H - L): 1 for a close at the high, -1 at the low, 0 where the
    range is 0. NaN without volume.

    Examples
    --------
    >>> bars = {"high": [4.0] * 20, "low": [0.0] * 20, "close": [3.0] * 20, "volume": [7.0] * 20}
    >>> float(cmf.over(bars)[0, -1])
    0.5

    References
    ----------
    Chaikin, 1980s. Can be derived from TA-Lib AD.
    """
    flow = np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD), covered(tape[LOW], at, row, stop, PERIOD)
        close, volume = covered(tape[CLOSE], at, row, stop, PERIOD), covered(tape[VOLUME], at, row, stop, PERIOD)
        for bar in range(volume.size):
            weighed = volume[bar] * (2.0 * close[bar] - low[bar] - high[bar]) / (high[bar] - low[bar])
            flow[bar] = weighed if high[bar] > low[bar] else 0.0
        result = out[0, row:stop]
        for each in range(stop - row):
            traded = total(volume, each, PERIOD)
            share = total(flow, each, PERIOD) / traded
            share = 1.0 if share > 1.0 else -1.0 if share < -1.0 else share  # rounding
            result[each] = share if traded > 0.0 else np.nan
        row = stop
