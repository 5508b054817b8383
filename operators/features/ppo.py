"""Percentage price oscillator."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

FAST, SLOW, SIGNAL = 12, 26, 9


# The weight of a value 120 bars old in the slow average is 0.01 %.
@feature(columns=("ppo", "ppo_signal", "ppo_histogram"), unit="percent", state=3, warmup=SLOW + SIGNAL + 120)
def ppo(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Percentage price oscillator: MACD in percent of the slow average, its signal line, and the histogram.

    100 (E12 - E26) / E26, and the 9-bar average of that. Independent of the price level, hence comparable across
    instruments. Unlike in MACD, the fast average is seeded with the first 12 bars.

    Examples
    --------
    >>> line, signal, histogram = ppo.over({"close": [100.0] * 59 + [101.0]}, warm=False)
    >>> float(line[-1]), float(signal[-1]), float(histogram[-1])
    (0.0797130, 0.0159426, 0.0637704)

    References
    ----------
    Appel, 1979. Equal to TA-Lib PPO with exponential averages.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        fast, slow, signal = state[mine, 0], state[mine, 1], state[mine, 2]
        while row < at.size and lane[row] == mine:
            close, count = tape[CLOSE, at[row]], seen[row]
            fast = seeded(fast, close, count, FAST, 2.0 / (FAST + 1))
            slow = seeded(slow, close, count, SLOW, 2.0 / (SLOW + 1))
            line = 100.0 * (fast - slow) / slow
            signal = seeded(signal, line, count - SLOW + 1, SIGNAL, 2.0 / (SIGNAL + 1))
            known = count >= SLOW + SIGNAL - 1
            out[0, row] = line if known else np.nan
            out[1, row] = signal if known else np.nan
            out[2, row] = line - signal if known else np.nan
            row += 1
        state[mine, 0], state[mine, 1], state[mine, 2] = fast, slow, signal
