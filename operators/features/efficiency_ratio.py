"""Kaufman's efficiency ratio."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import greater, walked

PERIOD = 10


@feature(unit="fraction", lookback=PERIOD + 1, low=0.0, high=1.0)
def efficiency_ratio(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Efficiency ratio over 10 bars: net change over the sum of absolute changes.

    1 for a straight line, near 0 for noise; 0 without movement.

    Examples
    --------
    >>> float(efficiency_ratio.over({"close": range(11)})[0, -1])
    1.0

    References
    ----------
    Kaufman, Smarter Trading, 1995.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for each in range(stop - row):
            net = abs(close[each + PERIOD] - close[each])
            way = greater(walked(close, each, PERIOD), net)  # rounding
            ratio = net / way
            result[each] = ratio if way > 0.0 else 0.0
        row = stop
