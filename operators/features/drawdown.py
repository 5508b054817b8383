"""Drawdown from the rolling high."""

from operators.features import CLOSE, HIGH, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import highest

PERIOD = 30


@feature(unit="fraction", lookback=PERIOD, low=-1.0, high=0.0)
def drawdown(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close over the highest high of the last 30 bars, minus 1.

    Examples
    --------
    >>> float(drawdown.over({"close": [100.0] * 29 + [90.0]})[0, -1])
    -0.1
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, close = covered(tape[HIGH], at, row, stop, PERIOD), covered(tape[CLOSE], at, row, stop, 1)
        result = out[0, row:stop]
        for each in range(stop - row):
            result[each] = close[each] / highest(high, each, PERIOD) - 1.0
        row = stop
