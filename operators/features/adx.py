"""Average directional movement index."""

import numpy as np

from operators.features import HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.averages import seeded

PERIOD = 14


# Averaged twice: the weight of a value 150 bars old is 0.02 %.
@feature(columns=("adx", "plus_di", "minus_di"), unit="percent", lookback=2, state=4, warmup=150, low=0.0, high=100.0)
def adx(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Average directional index over 14 bars, with its two directional indicators.

    +DM is the rise of the high where it exceeds the fall of the low, -DM the reverse; both and the
    true range are Wilder sums. DI = 100 DM / TR, DX = 100 |+DI - -DI| / (+DI + -DI), and ADX is the
    Wilder average of DX, seeded with the mean of the first 14.

    Examples
    --------
    >>> up = {"high": range(2, 52), "low": range(1, 51), "close": range(2, 52)}
    >>> strength, plus, minus = adx.over(up, warm=False)
    >>> float(strength[-1]), float(plus[-1]), float(minus[-1])
    (100.0, 100.0, 0.0)

    References
    ----------
    Wilder, 1978. Equal to TA-Lib ADX, PLUS_DI and MINUS_DI.
    """
    row = 0
    while row < at.size:
        mine = state[lane[row]]
        plus, minus, ranges, strength = mine[0], mine[1], mine[2], mine[3]
        begin = row
        while row < at.size and lane[row] == lane[begin]:
            now, count = at[row], seen[row]
            if count == 1:
                plus = minus = ranges = strength = 0.0
                out[:, row] = np.nan
                row += 1
                continue
            rise, fall = tape[HIGH, now] - tape[HIGH, now - 1], tape[LOW, now - 1] - tape[LOW, now]
            keep = 1.0 if count <= PERIOD else 1.0 - 1.0 / PERIOD
            plus = keep * plus + (rise if rise > (fall if fall > 0.0 else 0.0) else 0.0)
            minus = keep * minus + (fall if fall > (rise if rise > 0.0 else 0.0) else 0.0)
            ranges = keep * ranges + tape[TRUE_RANGE, now]
            if plus + minus > 0.0:
                share = 100.0 * abs(plus - minus) / (plus + minus)
                strength = seeded(strength, share, count - PERIOD, PERIOD, 1.0 / PERIOD)
            percent = 100.0 / ranges if ranges > 0.0 else 0.0
            out[0, row] = strength if count >= 2 * PERIOD else np.nan
            out[1, row] = plus * percent if count > PERIOD else np.nan
            out[2, row] = minus * percent if count > PERIOD else np.nan
            row += 1
        mine[0], mine[1], mine[2], mine[3] = plus, minus, ranges, strength
