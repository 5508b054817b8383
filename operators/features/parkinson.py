"""Parkinson volatility with time decay."""

import numpy as np

from operators.features import HIGH, LOW, Floats, Ints, feature

ALPHA = 2.0 / 31.0


@feature(unit="log return per bar", state=1, warmup=104, low=0.0)
def parkinson(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volatility per bar from its high and low, exponentially averaged over about 30 bars.

    The variance of a bar is ln(H/L)^2 / (4 ln 2); the root of its average is given. Right for a walk
    without drift.

    Examples
    --------
    >>> float(parkinson.over({"high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}, warm=False)[0, -1])
    0.0120116

    References
    ----------
    Parkinson, Journal of Business 53, 1980.
    """
    for row in range(at.size):
        mine = state[lane[row]]
        span = np.log(tape[HIGH, at[row]] / tape[LOW, at[row]])
        variance = span * span / (4.0 * np.log(2.0))
        mine[0] = variance if seen[row] == 1 else mine[0] + ALPHA * (variance - mine[0])
        out[0, row] = np.sqrt(mine[0])
