"""Percentage price oscillator."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

FAST, SLOW, SIGNAL = 12, 26, 9


@feature(columns=("ppo", "ppo_signal", "ppo_histogram"), unit="percent", state=3, warmup=SLOW + SIGNAL + 90)
def ppo(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """MACD in percent of the slow average, its own average, and the difference of the two.

    100 (E12 - E26) / E26, and the 9-bar average of that. Free of the price's scale, so instruments
    can be compared. Unlike MACD's, the fast average begins with the first 12 bars.

    Examples
    --------
    >>> line, signal, histogram = ppo.over({"close": [100.0] * 59 + [101.0]}, warm=False)
    >>> float(line[-1]), float(signal[-1]), float(histogram[-1])
    (0.0797130, 0.0159426, 0.0637704)

    References
    ----------
    Appel, 1979; TA-Lib PPO with exponential averages, whose values it equals.
    """
    for row in range(at.size):
        close = tape[CLOSE, at[row]]
        mine = state[lane[row]]
        out[:, row] = np.nan
        mine[0] = seeded(mine[0], close, seen[row], FAST, 2.0 / (FAST + 1))
        mine[1] = seeded(mine[1], close, seen[row], SLOW, 2.0 / (SLOW + 1))
        if seen[row] < SLOW:
            continue
        line = 100.0 * (mine[0] - mine[1]) / mine[1]
        count = seen[row] - SLOW + 1
        mine[2] = seeded(mine[2], line, count, SIGNAL, 2.0 / (SIGNAL + 1))
        if count >= SIGNAL:
            out[0, row], out[1, row], out[2, row] = line, mine[2], line - mine[2]
