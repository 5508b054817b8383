"""Simple moving average of the close."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20


@feature(columns=("sma_20",), unit="price", lookback=PERIOD, low=0.0)
def sma(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Simple moving average of the last 20 closes.

    Summed from scratch for each bar, so that rounding errors do not accumulate.

    Examples
    --------
    >>> float(sma.over({"close": range(1, 21)})[0, -1])
    10.5

    References
    ----------
    Equal to TA-Lib SMA.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD), out[0, row:stop]
        for each in range(stop - row):
            result[each] = total(close, each, PERIOD) / PERIOD
        row = stop
