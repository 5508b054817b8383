"""Williams %R."""

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import highest, lowest

PERIOD = 14


@feature(unit="percent", lookback=PERIOD, low=-100.0, high=0.0)
def williams_r(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Williams %R over 14 bars: distance of the close below the highest high, in percent of the range.

    -100 (H - C) / (H - L); 0 at the high, -100 at the low, -50 where the range is 0 (TA-Lib returns 0).

    Examples
    --------
    >>> float(williams_r.over({"close": [1.0] * 12 + [3.0, 2.5]})[0, -1])
    -25.0

    References
    ----------
    Williams, 1973. Equal to TA-Lib WILLR.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD), covered(tape[LOW], at, row, stop, PERIOD)
        close, result = covered(tape[CLOSE], at, row, stop, 1), out[0, row:stop]
        for each in range(stop - row):
            top, bottom = highest(high, each, PERIOD), lowest(low, each, PERIOD)
            place = -100.0 * ((top - close[each]) / (top - bottom))
            result[each] = place if top > bottom else -50.0
        row = stop
