"""Moving average convergence and divergence."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import seeded

FAST, SLOW, SIGNAL = 12, 26, 9


# The weight of a value 120 bars old in the slow average is 0.01 %.
@feature(columns=("macd", "macd_signal", "macd_histogram"), unit="price", state=3, warmup=SLOW + SIGNAL + 120)
def macd(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """MACD 12/26/9: fast minus slow average, its signal line, and the histogram.

    Both averages start at the 26th bar, seeded with the simple means of the last 12 and 26 closes; the signal
    line is seeded with the mean of the first 9 differences.

    Examples
    --------
    >>> line, signal, histogram = macd.over({"close": range(1, 61)}, warm=False)
    >>> float(line[-1]), float(signal[-1]), float(histogram[-1])
    (7.0, 7.0, 0.0)

    References
    ----------
    Appel, 1979. Equal to TA-Lib MACD.
    """
    row = 0
    while row < at.size:
        mine = lane[row]
        fast, slow, signal = state[mine, 0], state[mine, 1], state[mine, 2]
        while row < at.size and lane[row] == mine:
            close, count = tape[CLOSE, at[row]], seen[row]
            fast = seeded(fast, close, count - (SLOW - FAST), FAST, 2.0 / (FAST + 1))
            slow = seeded(slow, close, count, SLOW, 2.0 / (SLOW + 1))
            line = fast - slow
            signal = seeded(signal, line, count - SLOW + 1, SIGNAL, 2.0 / (SIGNAL + 1))
            known = count >= SLOW + SIGNAL - 1
            out[0, row] = line if known else np.nan
            out[1, row] = signal if known else np.nan
            out[2, row] = line - signal if known else np.nan
            row += 1
        state[mine, 0], state[mine, 1], state[mine, 2] = fast, slow, signal
