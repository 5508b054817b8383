"""Vortex indicator."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

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
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[:, row] = np.nan
            continue
        plus = minus = ranges = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            high, low, before = tape[HIGH, then], tape[LOW, then], tape[CLOSE, then - 1]
            plus += abs(high - tape[LOW, then - 1])
            minus += abs(low - tape[HIGH, then - 1])
            ranges += max(high, before) - min(low, before)
        out[0, row] = plus / ranges if ranges > 0.0 else 0.0
        out[1, row] = minus / ranges if ranges > 0.0 else 0.0
