"""Weighted moving average of the close."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

PERIOD = 20


@feature(columns=("wma_20",), unit="price", lookback=PERIOD, low=0.0)
def wma(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Moving average of the last 20 closes with linear weights 20, 19, … 1, the newest first.

    Examples
    --------
    >>> float(wma.over({"close": range(1, 21)})[0, -1])
    13.666666

    References
    ----------
    Equal to TA-Lib WMA.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD), out[0, row:stop]
        for each in range(stop - row):
            weighed = 0.0
            for step in range(PERIOD):
                weighed += (step + 1) * close[each + step]
            result[each] = weighed / (PERIOD * (PERIOD + 1) // 2)
        row = stop
