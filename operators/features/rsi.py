"""Relative strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

PERIOD = 14


@feature(unit="percent", lookback=2, state=2, warmup=94, low=0.0, high=100.0)
def rsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Relative strength index over 14 bars: the share of gains in all change.

    100 G / (G + L), where G and L are Wilder's averages of gains and losses, begun with the mean of
    the first 14 changes. A market that has not moved at all is at 50 (TA-Lib says 0 there: neither
    gains nor losses have the upper hand, so we do not call it oversold).

    Examples
    --------
    >>> float(rsi.over({"close": range(1, 31)}, warm=False)[0, -1])
    100.0
    >>> float(rsi.over({"close": [5.0] * 30}, warm=False)[0, -1])
    50.0

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib RSI, whose values it equals.
    """
    for row in range(at.size):
        mine = state[lane[row]]
        if seen[row] == 1:
            mine[:] = 0.0
            out[0, row] = np.nan
            continue
        change = tape[CLOSE, at[row]] - tape[CLOSE, at[row] - 1]
        gain, loss = max(change, 0.0), max(-change, 0.0)
        if seen[row] <= PERIOD + 1:
            mine[0] += gain / PERIOD
            mine[1] += loss / PERIOD
        else:
            mine[0] = (mine[0] * (PERIOD - 1) + gain) / PERIOD
            mine[1] = (mine[1] * (PERIOD - 1) + loss) / PERIOD
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
        else:
            moved = mine[0] + mine[1]
            out[0, row] = 100.0 * mine[0] / moved if moved > 0.0 else 50.0
