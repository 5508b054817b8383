"""Rogers-Satchell volatility with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature
from operators.kernels.averages import exponential
from operators.kernels.logarithm import ln
from operators.kernels.windows import greater

ALPHA = 2.0 / 31.0


# The initial bar may be a hundred times the average: the weight of a value 150 bars old is 0.005 %.
@feature(unit="log return per bar", state=1, warmup=150, low=0.0)
def rogers_satchell(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Rogers-Satchell volatility per bar, independent of drift, exponentially averaged over about 30 bars.

    The variance of a bar is u (u - c) + d (d - c) with u = ln(H/O), d = ln(L/O), c = ln(C/O); the output is the
    root of its average. A bar that opens at its low and closes at its high counts as pure drift, with variance 0.

    Examples
    --------
    >>> bars = {"open": [100.0] * 3, "high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}
    >>> float(rogers_satchell.over(bars, warm=False)[0, -1])
    0.0141427

    References
    ----------
    Rogers and Satchell, Annals of Applied Probability 1, 1991.
    """
    variance, lows, closes = out[0], np.empty(at.size), np.empty(at.size)
    for row in range(at.size):
        begin = tape[OPEN, at[row]]
        variance[row] = tape[HIGH, at[row]] / begin
        lows[row], closes[row] = tape[LOW, at[row]] / begin, tape[CLOSE, at[row]] / begin
    for row in range(at.size):
        up, down, change = ln(variance[row]), ln(lows[row]), ln(closes[row])
        variance[row] = greater(0.0, up * (up - change) + down * (down - change))
    exponential(variance, seen, lane, state[:, 0], 1, ALPHA)
    for row in range(at.size):
        variance[row] = np.sqrt(variance[row])
