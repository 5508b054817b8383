"""Candlestick shape: body and shadows."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, OPEN, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end


@feature(columns=("candle_body", "upper_shadow", "lower_shadow"), unit="fraction of the range", low=-1.0, high=1.0)
def candle(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Body (close minus open), upper and lower shadow of a bar, each over its range; 0 where the range is 0.

    The absolute body and the two shadows add up to 1.

    Examples
    --------
    >>> candle.over({"open": [12.0], "high": [14.0], "low": [10.0], "close": [11.0]})[:, 0].tolist()
    [-0.25, 0.5, 0.25]

    References
    ----------
    Nison, Japanese Candlestick Charting Techniques, 1991.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        begin, end = covered(tape[OPEN], at, row, stop, 1), covered(tape[CLOSE], at, row, stop, 1)
        top, bottom = covered(tape[HIGH], at, row, stop, 1), covered(tape[LOW], at, row, stop, 1)
        body, upper, lower = out[0, row:stop], out[1, row:stop], out[2, row:stop]
        for each in range(stop - row):
            span = top[each] - bottom[each] if top[each] > bottom[each] else np.inf
            higher, deeper = (end[each], begin[each]) if end[each] > begin[each] else (begin[each], end[each])
            body[each] = (end[each] - begin[each]) / span
            upper[each] = (top[each] - higher) / span
            lower[each] = (deeper - bottom[each]) / span
        row = stop
