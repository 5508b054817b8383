"""Detrended price oscillator."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20
BACK = PERIOD // 2 + 1


@feature(unit="price", lookback=PERIOD)
def detrended_price(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close of 11 bars ago minus the centred mean of the last 20 closes.

    Charts plot it 11 bars to the left, under that close, which implies look-ahead; here it is dated by the bar
    that completes the mean.

    Examples
    --------
    >>> float(detrended_price.over({"close": range(1, 21)})[0, -1])
    -1.5

    References
    ----------
    StockCharts ChartSchool, Detrended Price Oscillator. Can be derived from TA-Lib SMA.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD), out[0, row:stop]
        for each in range(stop - row):
            result[each] = close[each + PERIOD - 1 - BACK] - total(close, each, PERIOD) / PERIOD
        row = stop
