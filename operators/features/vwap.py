"""Distance from the volume-weighted average price."""

import numpy as np

from operators.features import CLOSE, QUOTE_VOLUME, TYPICAL, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20


@feature(columns=("vwap_distance",), unit="fraction", lookback=PERIOD)
def vwap(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close over the volume-weighted average price of the last 20 bars, minus 1.

    The value of a bar is its quote volume or, where the input has none, volume times typical price. NaN without
    volume.

    Examples
    --------
    >>> bars = {"close": [10.0] * 19 + [11.0], "volume": [1.0] * 20, "quote_volume": [10.0] * 20}
    >>> float(vwap.over(bars)[0, -1])
    0.1
    """
    money = np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        quote, volume = covered(tape[QUOTE_VOLUME], at, row, stop, PERIOD), covered(tape[VOLUME], at, row, stop, PERIOD)
        typical = covered(tape[TYPICAL], at, row, stop, PERIOD)
        for bar in range(volume.size):
            money[bar] = volume[bar] * typical[bar] if np.isnan(quote[bar]) else quote[bar]
        close, result = covered(tape[CLOSE], at, row, stop, 1), out[0, row:stop]
        for each in range(stop - row):
            paid, traded = total(money, each, PERIOD), total(volume, each, PERIOD)
            distance = close[each] * traded / paid - 1.0
            result[each] = distance if paid > 0.0 else np.nan
        row = stop
