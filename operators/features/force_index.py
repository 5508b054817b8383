"""Force index."""

import numpy as np

from operators.features import CLOSE, VOLUME, Floats, Ints, feature

PERIOD = 13
ALPHA = 2.0 / (PERIOD + 1)


# 46 bars for 0.1 % of the weight; twice that, since the volume of the bar that it begins with may be any.
@feature(unit="price times volume", lookback=2, state=1, warmup=92)
def force_index(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Change of the close times volume, exponentially averaged over 13 bars.

    Begun with the first change.

    Examples
    --------
    >>> float(force_index.over({"close": [10.0, 12.0], "volume": [1.0, 3.0]}, warm=False)[0, -1])
    6.0

    References
    ----------
    Elder, Trading for a Living, 1993.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        if seen[row] == 1:
            out[0, row] = np.nan
            continue
        force = (tape[CLOSE, now] - tape[CLOSE, now - 1]) * tape[VOLUME, now]
        mine[0] = force if seen[row] == 2 else mine[0] + ALPHA * (force - mine[0])
        out[0, row] = mine[0]
