"""Momentum from swing to swing: where price and RSI part ways."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.relative_strength import relative_strength
from operators.kernels.swings import is_peak, is_trough

PERIOD, REACH, AGE = 14, 3, 60


@feature(
    columns=("divergence", "pushes"),
    unit="RSI points, count",
    lookback=2 * REACH + 1,
    state=2 + (REACH + 1) + 2 * 4,
    warmup=94 + AGE,
)
def swing_momentum(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """By how much the RSI denies a new swing, and how many swings in a row it has denied.

    When a swing high (3 bars on each side, known 3 bars later) lies above the one before it and the
    RSI at its bar lies lower, the difference of the two RSIs is given with a minus: upward pushes that
    lose momentum. A swing low under the one before it with a higher RSI is given with a plus. 0 at
    every other bar. Swings more than 60 bars apart are not compared. `pushes` counts such swings in a
    row, with the same sign: -2 at the third of three rising highs with falling RSI.

    Examples
    --------
    >>> turns = {0: 100, 150: 101, 160: 120, 166: 112, 186: 122, 192: 110, 206: 123, 212: 110}
    >>> divergence, pushes = swing_momentum.over({"close": np.interp(range(213), list(turns), list(turns.values()))})
    >>> divergence[[189, 209]].round(2).tolist(), pushes[[189, 209]].tolist()
    ([-16.98, -10.95], [-1.0, -2.0])

    References
    ----------
    Wilder, New Concepts in Technical Trading Systems, 1978, on divergence; Williams, Trading Chaos,
    1995, for fractals.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # gains, losses, the last 4 RSIs; for highs and for lows: price, RSI, bar, pushes
        strengths = mine[2 : 3 + REACH]
        out[:, row] = np.nan
        if seen[row] == 1:
            mine[:] = 0.0
            continue
        change = tape[CLOSE, now] - tape[CLOSE, now - 1]
        mine[0], mine[1], strength = relative_strength(mine[0], mine[1], change, seen[row] - 1, PERIOD)
        strengths[seen[row] % (REACH + 1)] = strength
        if seen[row] <= PERIOD + REACH:
            continue
        out[:, row] = 0.0
        strength = strengths[(seen[row] + 1) % (REACH + 1)]  # three bars ago
        for side in range(2):
            swing = mine[3 + REACH + 4 * side :]
            if side == 0:
                if not is_peak(tape[HIGH], now - REACH, REACH):
                    continue
                price, sign = tape[HIGH, now - REACH], -1.0
            else:
                if not is_trough(tape[LOW], now - REACH, REACH):
                    continue
                price, sign = tape[LOW, now - REACH], 1.0
            denied = sign * (strength - swing[1])
            further = sign * (swing[0] - price) > 0.0
            if further and denied > 0.0 and swing[2] > 0.0 and seen[row] - swing[2] <= AGE:
                swing[3] += 1.0
                out[0, row] += sign * denied
                out[1, row] += sign * swing[3]
            else:
                swing[3] = 0.0
            swing[0], swing[1], swing[2] = price, strength, seen[row]
