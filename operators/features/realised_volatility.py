"""Realised volatility with time decay, and its short-term ratio."""

import numpy as np

from operators.features import LOG_RETURN, Floats, Ints, feature
from operators.kernels.averages import exponential

FAST, SLOW = 1.0 - 2.0 ** (-1.0 / 5.0), 1.0 - 2.0 ** (-1.0 / 30.0)


# The weight of a value 430 bars old is 0.005 %.
@feature(
    columns=("realised_volatility", "volatility_ratio"),
    unit="log return per bar, ratio",
    lookback=2,
    state=2,
    warmup=430,
    low=0.0,
)
def realised_volatility(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Root mean squared log return with a half-life of 30 bars, and the ratio of that with 5 bars to it.

    A ratio above 1 means that volatility is rising; 1 without movement.

    Examples
    --------
    >>> level, ratio = realised_volatility.over({"close": [100.0, 101.0] * 220})
    >>> float(level[-1]), float(ratio[-1])
    (0.0099503, 1.0)

    References
    ----------
    RiskMetrics Technical Document, J.P. Morgan, 1996.
    """
    slow, fast = out[0], out[1]
    for row in range(at.size):
        change = tape[LOG_RETURN, at[row]]
        slow[row] = fast[row] = change * change
    exponential(slow, seen - 1, lane, state[:, 0], 1, SLOW)
    exponential(fast, seen - 1, lane, state[:, 1], 1, FAST)
    for row in range(at.size):
        ratio = np.sqrt(fast[row] / slow[row])
        fast[row] = ratio if slow[row] > 0.0 else 1.0
        slow[row] = np.sqrt(slow[row])
