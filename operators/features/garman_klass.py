"""Garman-Klass volatility with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature
from operators.kernels.averages import exponential
from operators.kernels.logarithm import ln
from operators.kernels.windows import greater

ALPHA = 2.0 / 31.0


# The initial bar may be a hundred times the average: the weight of a value 150 bars old is 0.005 %.
@feature(columns=("volatility",), unit="log return per bar", state=1, warmup=150, low=0.0)
def garman_klass(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Garman-Klass volatility per bar, exponentially averaged over about 30 bars.

    The variance of a bar is ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2; the output is the root of its average.
    It uses the range of each bar and is therefore far more efficient than an estimate from closes alone.

    Examples
    --------
    >>> bars = {"open": [100.0] * 3, "high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}
    >>> float(garman_klass.over(bars, warm=False)[0, -1])
    0.0141426

    References
    ----------
    Garman and Klass, Journal of Business 53, 1980.
    """
    variance, moved = out[0], np.empty(at.size)
    for row in range(at.size):
        variance[row] = tape[HIGH, at[row]] / tape[LOW, at[row]]
        moved[row] = tape[CLOSE, at[row]] / tape[OPEN, at[row]]
    for row in range(at.size):
        span, change = ln(variance[row]), ln(moved[row])
        variance[row] = greater(0.0, 0.5 * span * span - (2.0 * np.log(2.0) - 1.0) * change * change)
    exponential(variance, seen, lane, state[:, 0], 1, ALPHA)
    for row in range(at.size):
        variance[row] = np.sqrt(variance[row])
