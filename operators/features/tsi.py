"""True strength index."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

SLOW, FAST = 25, 13


@feature(unit="percent", lookback=2, state=4, warmup=SLOW + 87 + 45, low=-100.0, high=100.0)
def tsi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """True strength index 25/13: double-smoothed change over double-smoothed absolute change.

    100 E13(E25(ΔC)) / E13(E25(|ΔC|)), each average seeded with a simple mean; 0 without movement.

    Examples
    --------
    >>> float(tsi.over({"close": range(1, 61)}, warm=False)[0, -1])
    100.0

    References
    ----------
    Blau, Momentum, Direction and Divergence, 1995.
    """
    row = 0
    while row < at.size:
        mine = state[lane[row]]
        net, whole, net_twice, whole_twice = mine[0], mine[1], mine[2], mine[3]
        begin = row
        while row < at.size and lane[row] == lane[begin]:
            change, count = tape[CLOSE, at[row]] - tape[CLOSE, at[row] - 1], seen[row] - 1
            net = seeded(net, change, count, SLOW, 2.0 / (SLOW + 1))
            whole = seeded(whole, abs(change), count, SLOW, 2.0 / (SLOW + 1))
            count -= SLOW - 1
            net_twice = seeded(net_twice, net, count, FAST, 2.0 / (FAST + 1))
            whole_twice = seeded(whole_twice, whole, count, FAST, 2.0 / (FAST + 1))
            index = 100.0 * (net_twice / whole_twice) if whole_twice > 0.0 else 0.0
            out[0, row] = index if count >= FAST else np.nan
            row += 1
        mine[0], mine[1], mine[2], mine[3] = net, whole, net_twice, whole_twice
