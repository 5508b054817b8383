"""Chande momentum oscillator."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.trailing import walked

PERIOD = 14


@feature(unit="percent", lookback=PERIOD + 1, low=-100.0, high=100.0)
def cmo(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Net change over all change of the last 14 bars; 0 where nothing moved.

    100 (G - L) / (G + L) with plain sums of gains and losses, as Chande has it. TA-Lib goes on with
    Wilder's averages, by which it would be the RSI once more: 2 RSI - 100.

    Examples
    --------
    >>> float(cmo.over({"close": [1.0, 2.0, 4.0] + [3.0] * 12})[0, -1])
    50.0

    References
    ----------
    Chande and Kroll, The New Technical Trader, 1994; TA-Lib CMO of the window alone, whose value it equals.
    """
    close, ways = tape[CLOSE], out[0]
    walked(close, at, PERIOD, ways)
    for row in range(at.size):
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        net = close[at[row]] - close[at[row] - PERIOD]
        way = ways[row] if ways[row] > abs(net) else abs(net)  # sums round
        out[0, row] = 100.0 * (net / way) if way > 0.0 else 0.0
