"""Exponential moving averages of the close, fast and slow."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.averages import exponential

FAST, SLOW = 9, 21


@feature(columns=("ema_9", "ema_21"), unit="price", state=2, warmup=73, low=0.0)
def ema(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Exponential moving averages of the close over 9 and 21 bars.

    E_t = E_{t-1} + 2 / (n + 1) (C_t - E_{t-1}), seeded with the simple mean of the first n closes.

    Examples
    --------
    >>> fast, slow = ema.over({"close": [1.0] * 21 + [2.0]}, warm=False)
    >>> float(fast[-1].round(6)), float(slow[-1].round(6))
    (1.2, 1.090909)

    References
    ----------
    Equal to TA-Lib EMA.
    """
    for column, period in enumerate((FAST, SLOW)):
        average = out[column]
        for row in range(at.size):
            average[row] = tape[CLOSE, at[row]]
        exponential(average, seen, lane, state[:, column], period, 2.0 / (period + 1))
        for row in range(at.size):
            average[row] = average[row] if seen[row] >= period else np.nan
