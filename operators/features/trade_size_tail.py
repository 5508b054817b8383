"""How far the largest trade stands out."""

import numpy as np

from operators.features import LARGEST, TRADES, VOLUME, Floats, Ints, feature
from operators.kernels.windows import total

PERIOD = 20


@feature(unit="mean trade sizes", lookback=PERIOD, low=0.0)
def trade_size_tail(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Largest trade of the bar over the mean size of all trades of the last 20 bars.

    NaN where the input does not tell trades (files of bars do not), and where nothing traded.

    Examples
    --------
    >>> bars = {"close": [1.0] * 20, "volume": [10.0] * 20, "trades": [5.0] * 20, "largest": [2.5] * 19 + [8.0]}
    >>> float(trade_size_tail.over(bars)[0, -1])
    4.0
    """
    for row in range(at.size):
        now = at[row]
        out[0, row] = np.nan
        if seen[row] < PERIOD:
            continue
        volume = total(tape[VOLUME], now - PERIOD + 1, now + 1)
        if volume > 0.0:
            out[0, row] = tape[LARGEST, now] * total(tape[TRADES], now - PERIOD + 1, now + 1) / volume
