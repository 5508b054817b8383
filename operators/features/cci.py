"""Commodity channel index."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD = 20


@feature(unit="mean deviations over 0.015", lookback=PERIOD)
def cci(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Commodity channel index over 20 bars: how far the typical price stands from its mean.

    (T - mean(T)) / (0.015 mean|T - mean(T)|) with T = (H + L + C) / 3; 0 where nothing moved.

    Examples
    --------
    >>> float(cci.over({"close": [10.0] * 19 + [12.0]})[0, -1])
    666.666666

    References
    ----------
    Lambert, 1980; TA-Lib CCI, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
            continue
        total = typical = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            typical = (tape[HIGH, then] + tape[LOW, then] + tape[CLOSE, then]) / 3.0
            total += typical
        middle = total / PERIOD
        apart = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            apart += abs((tape[HIGH, then] + tape[LOW, then] + tape[CLOSE, then]) / 3.0 - middle)
        # An average of rounding errors is no spread.
        spread = apart / PERIOD
        out[0, row] = (typical - middle) / (0.015 * spread) if spread > 1e-14 * middle else 0.0
