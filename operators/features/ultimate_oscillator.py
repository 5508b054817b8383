"""Ultimate oscillator."""

import numpy as np

from operators.features import CLOSE, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels import inlined
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import less, total

SHORT = 7
MIDDLE, LONG = 2 * SHORT, 4 * SHORT


@inlined
def share(part: float, whole: float) -> float:
    """Ratio of two sums; 0 where the denominator is 0."""
    ratio = part / whole
    return ratio if whole > 0.0 else 0.0


@feature(unit="percent", lookback=LONG + 1, low=0.0, high=100.0)
def ultimate_oscillator(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Buying pressure over true range, over 7, 14 and 28 bars, weighted 4 : 2 : 1.

    Buying pressure is the close minus the true low, min(L, C_{t-1}). A span without movement counts as 0, as in
    TA-Lib.

    Examples
    --------
    >>> float(ultimate_oscillator.over({"high": [3.0] * 29, "low": [1.0] * 29, "close": [2.5] * 29})[0, -1])
    75.0

    References
    ----------
    Williams, 1985. Equal to TA-Lib ULTOSC.
    """
    pressure = np.empty(LONGEST + LONG)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, low = covered(tape[CLOSE], at, row, stop, LONG + 1), covered(tape[LOW], at, row, stop, LONG)
        ranges, result = covered(tape[TRUE_RANGE], at, row, stop, LONG), out[0, row:stop]
        for bar in range(low.size):
            pressure[bar] = close[bar + 1] - less(low[bar], close[bar])
        for each in range(stop - row):
            # From the newest bars back: each span holds the shorter one before it.
            newest, newer = each + LONG - SHORT, each + LONG - MIDDLE
            short, spans = total(pressure, newest, SHORT), total(ranges, newest, SHORT)
            value = 4.0 * share(short, spans)
            middle, spans = short + total(pressure, newer, SHORT), spans + total(ranges, newer, SHORT)
            value += 2.0 * share(middle, spans)
            long, spans = middle + total(pressure, each, MIDDLE), spans + total(ranges, each, MIDDLE)
            result[each] = 100.0 * less((value + share(long, spans)) / 7.0, 1.0)  # rounding
        row = stop
