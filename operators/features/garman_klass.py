"""Garman-Klass volatility with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature
from operators.kernels.averages import fade
from operators.kernels.logarithms import log_ratios

ALPHA = 2.0 / 31.0


# It begins with one bar, which may be a hundred times the average: what is 150 bars old weighs 0.005 %.
@feature(columns=("volatility",), unit="log return per bar", state=1, warmup=150, low=0.0)
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
    variance, span, change = out[0], np.empty(at.size), np.empty(at.size)
    log_ratios(tape[HIGH], tape[LOW], at, span)
    log_ratios(tape[CLOSE], tape[OPEN], at, change)
    for row in range(variance.size):
        value = 0.5 * span[row] * span[row] - (2.0 * np.log(2.0) - 1.0) * change[row] * change[row]
        variance[row] = value if value > 0.0 else 0.0
    fade(variance, seen, lane, ALPHA, state[:, 0])
    for row in range(variance.size):
        variance[row] = np.sqrt(variance[row])
