"""Bollinger bands: their width, and where the close stands between them."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.moments import rolling_line

PERIOD, DEVIATIONS = 20, 2.0


@feature(columns=("bollinger_width", "bollinger_position"), unit="fraction", lookback=PERIOD)
def bollinger(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Width of the bands over their middle, and the close's place: 0 at the lower band, 1 at the upper.

    The bands stand two population deviations around the mean of 20 closes. The deviation is taken in
    two passes, since mean(x^2) - mean(x)^2 loses all digits at high prices. Where the bands have no
    width the place is 0.5.

    Examples
    --------
    >>> width, place = bollinger.over({"close": [9.0, 11.0] * 10})
    >>> float(width[-1]), float(place[-1])
    (0.4, 0.75)

    References
    ----------
    Bollinger, Bollinger on Bollinger Bands, 2001; TA-Lib BBANDS, from which both can be had.
    """
    total, squares, _ = rolling_line(tape[CLOSE], PERIOD)
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[:, row] = np.nan
            continue
        middle, half = total[now] * (1.0 / PERIOD), DEVIATIONS * np.sqrt(squares[now] * (1.0 / PERIOD))
        out[0, row] = 2.0 * half / middle
        out[1, row] = 0.5 + 0.5 * (tape[CLOSE, now] - middle) / half if half > 0.0 else 0.5
