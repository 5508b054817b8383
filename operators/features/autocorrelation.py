"""Autocorrelation of changes."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

PERIOD = 30


@feature(unit="correlation", lookback=PERIOD + 1, low=-1.0, high=1.0)
def autocorrelation(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Lag-1 autocorrelation of the last 30 changes of the close.

    Σ (x_i - m)(x_{i-1} - m) / Σ (x_i - m)². Positive values indicate momentum, negative ones mean reversion;
    values within 0.36 of 0 are not significant (two standard errors, 2 / sqrt(30)). 0 where changes are constant.

    Examples
    --------
    >>> float(autocorrelation.over({"close": [1.0, 2.0] * 16})[0, -1])
    -0.9666666

    References
    ----------
    Box and Jenkins, Time Series Analysis, 1970.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for each in range(stop - row):
            middle = (close[each + PERIOD] - close[each]) / PERIOD
            square = cross = before = 0.0
            for step in range(0, PERIOD, 2):
                a = close[each + step + 1] - close[each + step] - middle
                b = close[each + step + 2] - close[each + step + 1] - middle
                square += a * a + b * b
                cross += before * a + a * b
                before = b
            correlation = cross / square
            # Equal changes differ by a rounding error of the price, which does not count as movement.
            nothing = (1e-13 * close[each + PERIOD]) ** 2 * PERIOD
            result[each] = correlation if square > nothing else 0.0
        row = stop
