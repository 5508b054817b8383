"""Directional movement: the strength of a trend, and which side has it."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature

PERIOD = 14


@feature(
    columns=("adx", "plus_di", "minus_di"), unit="percent", lookback=2, state=4, warmup=94 + PERIOD, low=0.0, high=100.0
)
def adx(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Average directional index over 14 bars, with its two directional indicators.

    +DM is the rise of the high where it exceeds the fall of the low, -DM the reverse; both and the
    true range are Wilder sums. DI = 100 DM / TR, DX = 100 |+DI - -DI| / (+DI + -DI), and ADX is the
    Wilder average of DX, begun with the mean of 14.

    Examples
    --------
    >>> up = {"high": range(2, 52), "low": range(1, 51), "close": range(2, 52)}
    >>> strength, plus, minus = adx.over(up, warm=False)
    >>> float(strength[-1]), float(plus[-1]), float(minus[-1])
    (100.0, 100.0, 0.0)

    References
    ----------
    Wilder, 1978; TA-Lib ADX, PLUS_DI and MINUS_DI, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # sums of +DM, -DM and true range, then the ADX
        out[:, row] = np.nan
        if seen[row] == 1:
            mine[:] = 0.0
            continue
        before = tape[CLOSE, now - 1]
        span = max(tape[HIGH, now], before) - min(tape[LOW, now], before)
        rise, fall = tape[HIGH, now] - tape[HIGH, now - 1], tape[LOW, now - 1] - tape[LOW, now]
        plus = rise if rise > 0.0 and rise > fall else 0.0
        minus = fall if fall > 0.0 and fall > rise else 0.0
        keep = 1.0 if seen[row] <= PERIOD else 1.0 - 1.0 / PERIOD
        mine[0] = keep * mine[0] + plus
        mine[1] = keep * mine[1] + minus
        mine[2] = keep * mine[2] + span
        if seen[row] <= PERIOD:
            continue
        out[1, row] = 100.0 * mine[0] / mine[2] if mine[2] > 0.0 else 0.0
        out[2, row] = 100.0 * mine[1] / mine[2] if mine[2] > 0.0 else 0.0
        both = mine[0] + mine[1]
        if seen[row] <= 2 * PERIOD:
            if both > 0.0:
                mine[3] += 100.0 * abs(mine[0] - mine[1]) / both / PERIOD
            if seen[row] < 2 * PERIOD:
                continue
        elif both > 0.0:
            mine[3] = (mine[3] * (PERIOD - 1) + 100.0 * abs(mine[0] - mine[1]) / both) / PERIOD
        out[0, row] = mine[3]
