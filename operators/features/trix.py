"""TRIX: rate of change of a triple exponential average."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

PERIOD = 15
ALPHA = 2.0 / (PERIOD + 1)
START = 3 * (PERIOD - 1) + 1


# In three equal averages in a row, values older than n bars weigh e^-x (1 + x + x²/2) with x = -n ln(1 - alpha);
# that is 0.001 at x = 11.2, which is 84 bars.
@feature(unit="percent per bar", state=3, warmup=START + 84)
def trix(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Rate of change, from bar to bar, of the close averaged three times over 15 bars.

    100 (E_t / E_{t-1} - 1); each average is seeded with a simple mean.

    Examples
    --------
    >>> float(trix.over({"close": [1.01**n for n in range(300)]})[0, -1])
    1.0

    References
    ----------
    Hutson, 1983. Equal to TA-Lib TRIX.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        once, twice, thrice = state[mine, 0], state[mine, 1], state[mine, 2]
        while row < at.size and lane[row] == mine:
            count, before = seen[row], thrice
            once = seeded(once, tape[CLOSE, at[row]], count, PERIOD, ALPHA)
            twice = seeded(twice, once, count - PERIOD + 1, PERIOD, ALPHA)
            thrice = seeded(thrice, twice, count - 2 * (PERIOD - 1), PERIOD, ALPHA)
            out[0, row] = 100.0 * (thrice / before - 1.0) if count > START else np.nan
            row += 1
        state[mine, 0], state[mine, 1], state[mine, 2] = once, twice, thrice
