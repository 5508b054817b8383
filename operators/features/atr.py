"""Average true range, in price and in percent of it."""

import numpy as np

from operators.features import CLOSE, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.averages import seeded

PERIOD = 14


# The weight of a value 134 bars old is 0.005 %.
@feature(columns=("atr", "natr"), unit="price, percent", lookback=2, state=1, warmup=134, low=0.0)
def atr(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Average true range over 14 bars, in price units and in percent of the close.

    The true range is max(H, C_{t-1}) - min(L, C_{t-1}); its Wilder average is seeded with the mean of the
    first 14.

    Examples
    --------
    >>> price, percent = atr.over({"high": [2.0] * 20, "low": [1.0] * 20, "close": [1.6] * 20}, warm=False)
    >>> float(price[-1]), float(percent[-1])
    (1.0, 62.5)

    References
    ----------
    Wilder, 1978. Equal to TA-Lib ATR and NATR.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        average = state[mine, 0]
        while row < at.size and lane[row] == mine:
            average = seeded(average, tape[TRUE_RANGE, at[row]], seen[row] - 1, PERIOD, 1.0 / PERIOD)
            known = average if seen[row] > PERIOD else np.nan
            out[0, row] = known
            out[1, row] = 100.0 * known / tape[CLOSE, at[row]]
            row += 1
        state[mine, 0] = average
