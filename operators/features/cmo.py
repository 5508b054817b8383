"""Chande momentum oscillator."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import greater, walked

PERIOD = 14


@feature(unit="percent", lookback=PERIOD + 1, low=-100.0, high=100.0)
def cmo(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Chande momentum oscillator over 14 bars: net change over the sum of absolute changes; 0 without movement.

    100 (G - L) / (G + L) with plain sums of gains and losses, as defined by Chande. TA-Lib uses Wilder's averages
    instead, which makes it a linear function of the RSI: 2 RSI - 100.

    Examples
    --------
    >>> float(cmo.over({"close": [1.0, 2.0, 4.0] + [3.0] * 12})[0, -1])
    50.0

    References
    ----------
    Chande and Kroll, The New Technical Trader, 1994. Equal to TA-Lib CMO of the window alone.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for each in range(stop - row):
            net = close[each + PERIOD] - close[each]
            way = greater(walked(close, each, PERIOD), abs(net))  # rounding
            index = 100.0 * (net / way)
            result[each] = index if way > 0.0 else 0.0
        row = stop
