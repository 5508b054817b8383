"""Commodity channel index."""

from operators.features import TYPICAL, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20


@feature(unit="mean deviations over 0.015", lookback=PERIOD)
def cci(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Commodity channel index over 20 bars: distance of the typical price from its mean, in mean deviations.

    (T - mean(T)) / (0.015 mean|T - mean(T)|) with T = (H + L + C) / 3; 0 without movement.

    Examples
    --------
    >>> float(cci.over({"close": [10.0] * 19 + [12.0]})[0, -1])
    666.666666

    References
    ----------
    Lambert, 1980. Equal to TA-Lib CCI.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        typical, result = covered(tape[TYPICAL], at, row, stop, PERIOD), out[0, row:stop]
        for each in range(stop - row):
            middle, spread = total(typical, each, PERIOD) / PERIOD, 0.0
            for step in range(PERIOD):
                spread += abs(typical[each + step] - middle)
            spread /= PERIOD
            index = (typical[each + PERIOD - 1] - middle) / (0.015 * spread)
            # A deviation of the order of the rounding error counts as 0.
            result[each] = index if spread > 1e-14 * middle else 0.0
        row = stop
