"""Rate of change of the close."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature

PERIOD = 10


@feature(unit="percent", lookback=PERIOD + 1, low=-100.0)
def roc(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Rate of change of the close over 10 bars: 100 (C_t / C_{t-10} - 1).

    Examples
    --------
    >>> float(roc.over({"close": [100.0] * 10 + [105.0]})[0, -1])
    5.0

    References
    ----------
    TA-Lib ROC, whose values it equals.
    """
    for row in range(at.size):
        now = at[row]
        out[0, row] = 100.0 * (tape[CLOSE, now] / tape[CLOSE, now - PERIOD] - 1.0) if seen[row] > PERIOD else np.nan
