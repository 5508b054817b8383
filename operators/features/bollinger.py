"""Bollinger bands: bandwidth and %b."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import squares, total

PERIOD, DEVIATIONS = 20, 2.0


@feature(columns=("bollinger_width", "bollinger_position"), unit="fraction", lookback=PERIOD)
def bollinger(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Bandwidth, the width of the bands over their middle, and %b: 0 at the lower band, 1 at the upper.

    The bands are two population standard deviations around the mean of 20 closes. The deviation is computed in
    two passes, since mean(x^2) - mean(x)^2 suffers from cancellation at high prices. %b is 0.5 where the bands
    have no width.

    Examples
    --------
    >>> width, place = bollinger.over({"close": [9.0, 11.0] * 10})
    >>> float(width[-1]), float(place[-1])
    (0.4, 0.75)

    References
    ----------
    Bollinger, Bollinger on Bollinger Bands, 2001. Both can be derived from TA-Lib BBANDS.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, now = covered(tape[CLOSE], at, row, stop, PERIOD), covered(tape[CLOSE], at, row, stop, 1)
        width, place = out[0, row:stop], out[1, row:stop]
        for each in range(stop - row):
            middle = total(close, each, PERIOD) / PERIOD
            half = DEVIATIONS * np.sqrt(squares(close, each, PERIOD, middle) / PERIOD)
            width[each] = 2.0 * half / middle
            position = 0.5 + 0.5 * (now[each] - middle) / half
            # A width of the order of the rounding error counts as 0.
            place[each] = position if half > 1e-13 * middle else 0.5
        row = stop
