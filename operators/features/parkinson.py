"""Parkinson volatility with time decay."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.averages import exponential
from operators.kernels.logarithm import ln

ALPHA = 2.0 / 31.0


# The initial bar may be a hundred times the average: the weight of a value 150 bars old is 0.005 %.
@feature(unit="log return per bar", state=1, warmup=150, low=0.0)
def parkinson(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Parkinson volatility per bar from high and low, exponentially averaged over about 30 bars.

    The variance of a bar is ln(H/L)^2 / (4 ln 2); the output is the root of its average. Unbiased for a random
    walk without drift.

    Examples
    --------
    >>> float(parkinson.over({"high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}, warm=False)[0, -1])
    0.0120116

    References
    ----------
    Parkinson, Journal of Business 53, 1980.
    """
    variance = out[0]
    for row in range(at.size):
        variance[row] = tape[HIGH, at[row]] / tape[LOW, at[row]]
    for row in range(at.size):
        variance[row] = ln(variance[row]) ** 2 / (4.0 * np.log(2.0))
    exponential(variance, seen, lane, state[:, 0], 1, ALPHA)
    for row in range(at.size):
        variance[row] = np.sqrt(variance[row])
