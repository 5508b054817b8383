"""Average true range, in price and in percent of it."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD = 14


@feature(columns=("atr", "natr"), unit="price, percent", lookback=2, state=1, warmup=94, low=0.0)
def atr(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Average true range over 14 bars, and the same in percent of the close.

    The true range is max(H, C_{t-1}) - min(L, C_{t-1}); its Wilder average begins with the mean of
    the first 14.

    Examples
    --------
    >>> price, percent = atr.over({"high": [2.0] * 20, "low": [1.0] * 20, "close": [1.6] * 20}, warm=False)
    >>> float(price[-1]), float(percent[-1])
    (1.0, 62.5)

    References
    ----------
    Wilder, 1978; TA-Lib ATR and NATR, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        if seen[row] == 1:
            mine[0] = 0.0
            out[:, row] = np.nan
            continue
        before = tape[CLOSE, now - 1]
        span = max(tape[HIGH, now], before) - min(tape[LOW, now], before)
        if seen[row] <= PERIOD + 1:
            mine[0] += span / PERIOD
        else:
            mine[0] = (mine[0] * (PERIOD - 1) + span) / PERIOD
        if seen[row] <= PERIOD:
            out[:, row] = np.nan
        else:
            out[0, row] = mine[0]
            out[1, row] = 100.0 * mine[0] / tape[CLOSE, now]
