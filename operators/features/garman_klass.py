"""Garman-Klass volatility with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature

ALPHA = 2.0 / 31.0


@feature(columns=("volatility",), unit="log return per bar", state=1, warmup=104, low=0.0)
def garman_klass(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Volatility per bar from its open, high, low and close, exponentially averaged over about 30 bars.

    The variance of a bar is ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2; the root of its average is given.
    It uses the whole range of a bar and so needs far fewer bars than closes alone.

    Examples
    --------
    >>> bars = {"open": [100.0] * 3, "high": [101.0] * 3, "low": [99.0] * 3, "close": [100.0] * 3}
    >>> float(garman_klass.over(bars, warm=False)[0, -1])
    0.0141426

    References
    ----------
    Garman and Klass, Journal of Business 53, 1980.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        span = np.log(tape[HIGH, now] / tape[LOW, now])
        change = np.log(tape[CLOSE, now] / tape[OPEN, now])
        variance = max(0.0, 0.5 * span * span - (2.0 * np.log(2.0) - 1.0) * change * change)
        mine[0] = variance if seen[row] == 1 else mine[0] + ALPHA * (variance - mine[0])
        out[0, row] = np.sqrt(mine[0])
