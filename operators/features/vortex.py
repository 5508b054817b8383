"""Vortex indicator."""

import numpy as np

from operators.features import HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.pieces import LONGEST, next_piece
from operators.kernels.trailing import trailing_sums

PERIOD = 14


@feature(columns=("vortex_plus", "vortex_minus"), unit="ratio", lookback=PERIOD + 1, low=0.0)
def vortex(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Upward and downward reach from bar to bar over 14 bars, each over the true ranges.

    Σ|H - L_{t-1}| / ΣTR and Σ|L - H_{t-1}| / ΣTR. The greater says which way the market goes; 0 where
    nothing moved.

    Examples
    --------
    >>> plus, minus = vortex.over({"high": range(3, 18), "low": range(1, 16), "close": range(2, 17)})
    >>> float(plus[-1]), float(minus[-1])
    (1.5, 0.5)

    References
    ----------
    Botes and Siepman, Technical Analysis of Stocks & Commodities, 2010.
    """
    up, down, ways = np.empty(LONGEST + PERIOD), np.empty(LONGEST + PERIOD), np.empty(LONGEST)
    begin, end = next_piece(at, 0, PERIOD)
    while begin < end:
        first = at[begin] - PERIOD
        high_before, low_before = tape[HIGH, first:], tape[LOW, first:]
        high, low, ranges = tape[HIGH, first + 1 :], tape[LOW, first + 1 :], tape[TRUE_RANGE, first + 1 :]
        for place in range(end - begin + PERIOD - 1):
            up[place] = abs(high[place] - low_before[place])
            down[place] = abs(low[place] - high_before[place])
        plus, minus, walked = out[0, begin:end], out[1, begin:end], ways[: end - begin]
        trailing_sums(up, PERIOD, plus)
        trailing_sums(down, PERIOD, minus)
        trailing_sums(ranges, PERIOD, walked)
        for row in range(walked.size):
            share = 1.0 / walked[row] if walked[row] > 0.0 else 0.0
            plus[row] *= share
            minus[row] *= share
        begin, end = next_piece(at, end, PERIOD)
    for row in range(at.size):
        if seen[row] <= PERIOD:
            out[0, row] = out[1, row] = np.nan
