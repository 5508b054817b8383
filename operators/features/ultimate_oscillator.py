"""Ultimate oscillator."""

import numpy as np

from operators.features import CLOSE, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.pieces import LONGEST, next_piece
from operators.kernels.trailing import trailing_sums

SHORT = 7
MIDDLE, LONG = 2 * SHORT, 4 * SHORT


@feature(unit="percent", lookback=LONG + 1, low=0.0, high=100.0)
def ultimate_oscillator(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Buying pressure over true range, over 7, 14 and 28 bars, weighed 4 : 2 : 1.

    Pressure is the close less the true low, min(L, C_{t-1}). A span in which nothing moved counts 0,
    as in TA-Lib.

    Examples
    --------
    >>> float(ultimate_oscillator.over({"high": [3.0] * 29, "low": [1.0] * 29, "close": [2.5] * 29})[0, -1])
    75.0

    References
    ----------
    Williams, 1985; TA-Lib ULTOSC, whose values it equals.
    """
    pressure, ranges, sums = np.empty(LONGEST + LONG), np.empty(LONGEST + LONG), np.empty((2, LONGEST + LONG))
    begin, end = next_piece(at, 0, LONG)
    while begin < end:
        first, size = at[begin] - LONG + 1, end - begin + LONG - 1
        close, before = tape[CLOSE, first:], tape[CLOSE, first - 1 :]
        low, true_range = tape[LOW, first:], tape[TRUE_RANGE, first:]
        for place in range(size):
            floor = low[place] if low[place] < before[place] else before[place]
            pressure[place], ranges[place] = close[place] - floor, true_range[place]
        # Over 7 bars; the longer spans are made up of these.
        over, under = sums[0][: size - SHORT + 1], sums[1][: size - SHORT + 1]
        trailing_sums(pressure, SHORT, over)
        trailing_sums(ranges, SHORT, under)
        result = out[0, begin:end]
        for row in range(result.size):
            new, old, older, oldest = row + LONG - SHORT, row + MIDDLE, row + SHORT, row
            short, spans = over[new], under[new]
            value = 4.0 * short / spans if spans > 0.0 else 0.0
            middle, spans = short + over[old], spans + under[old]
            value += 2.0 * middle / spans if spans > 0.0 else 0.0
            long, spans = middle + over[older] + over[oldest], spans + under[older] + under[oldest]
            value += long / spans if spans > 0.0 else 0.0
            result[row] = 100.0 / 7.0 * value if value < 7.0 else 100.0
        begin, end = next_piece(at, end, LONG)
    for row in range(at.size):
        if seen[row] <= LONG:
            out[0, row] = np.nan
