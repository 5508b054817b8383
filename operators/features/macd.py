"""Moving average convergence and divergence."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

FAST, SLOW, SIGNAL = 12, 26, 9


@feature(
    columns=("macd", "macd_signal", "macd_histogram"), unit="price", lookback=SLOW, state=3, warmup=SLOW + SIGNAL + 90
)
def macd(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """MACD 12/26/9: the fast average less the slow, its own average, and the difference of the two.

    Both averages begin at the 26th bar, with simple means of their last 12 and 26 closes; the signal
    line begins with the mean of the first 9 differences.

    Examples
    --------
    >>> line, signal, histogram = macd.over({"close": range(1, 61)}, warm=False)
    >>> float(line[-1]), float(signal[-1]), float(histogram[-1])
    (7.0, 7.0, 0.0)

    References
    ----------
    Appel, 1979; TA-Lib MACD, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        out[:, row] = np.nan
        if seen[row] < SLOW:
            continue
        if seen[row] == SLOW:
            mine[0] = tape[CLOSE, now - FAST + 1 : now + 1].mean()
            mine[1] = tape[CLOSE, now - SLOW + 1 : now + 1].mean()
            mine[2] = 0.0
        else:
            mine[0] += 2.0 / (FAST + 1) * (tape[CLOSE, now] - mine[0])
            mine[1] += 2.0 / (SLOW + 1) * (tape[CLOSE, now] - mine[1])
        line = mine[0] - mine[1]
        if seen[row] < SLOW + SIGNAL:
            mine[2] += line / SIGNAL
            if seen[row] < SLOW + SIGNAL - 1:
                continue
        else:
            mine[2] += 2.0 / (SIGNAL + 1) * (line - mine[2])
        out[0, row], out[1, row], out[2, row] = line, mine[2], line - mine[2]
