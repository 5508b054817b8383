"""True strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

SLOW, FAST = 25, 13


@feature(unit="percent", lookback=2, state=4, warmup=SLOW + 87 + 45, low=-100.0, high=100.0)
def tsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Net change over all change, both averaged twice: over 25 bars, and that over 13.

    100 E13(E25(ΔC)) / E13(E25(|ΔC|)), each average begun with a simple mean; 0 where nothing moved.

    Examples
    --------
    >>> float(tsi.over({"close": range(1, 61)}, warm=False)[0, -1])
    100.0

    References
    ----------
    Blau, Momentum, Direction and Divergence, 1995.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # net and whole change, averaged once; the same, twice
        out[0, row] = np.nan
        if seen[row] == 1:
            continue
        change = tape[CLOSE, now] - tape[CLOSE, now - 1]
        count = seen[row] - 1
        mine[0] = seeded(mine[0], change, count, SLOW, 2.0 / (SLOW + 1))
        mine[1] = seeded(mine[1], abs(change), count, SLOW, 2.0 / (SLOW + 1))
        count -= SLOW - 1
        if count < 1:
            continue
        mine[2] = seeded(mine[2], mine[0], count, FAST, 2.0 / (FAST + 1))
        mine[3] = seeded(mine[3], mine[1], count, FAST, 2.0 / (FAST + 1))
        if count >= FAST:
            out[0, row] = 100.0 * (mine[2] / mine[3]) if mine[3] > 0.0 else 0.0
