"""Amihud illiquidity with time decay."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, QUOTE_VOLUME, VOLUME, Floats, Ints, feature

ALPHA = 2.0 / 31.0
MILLION = 1e6


@feature(unit="absolute log return per million of quote currency", lookback=2, state=1, warmup=105, low=0.0)
def amihud(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """How far a million of quote currency moves the price, exponentially averaged over about 30 bars.

    |ln(C / C_{t-1})| over the bar's quote volume, or volume times typical price where the input has
    none. A bar without trades changes nothing.

    Examples
    --------
    >>> bars = {"close": [100.0, 101.0, 100.0], "quote_volume": [5e5, 5e5, 5e5], "volume": [5e3, 5e3, 5e3]}
    >>> float(amihud.over(bars, warm=False)[0, -1])
    0.0199007

    References
    ----------
    Amihud, Journal of Financial Markets 5, 2002.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]
        if seen[row] == 1:
            mine[0] = np.nan
            out[0, row] = np.nan
            continue
        money = tape[QUOTE_VOLUME, now]
        if np.isnan(money):
            money = tape[VOLUME, now] * (tape[HIGH, now] + tape[LOW, now] + tape[CLOSE, now]) / 3.0
        if money > 0.0:
            moved = abs(np.log(tape[CLOSE, now] / tape[CLOSE, now - 1])) * MILLION / money
            mine[0] = moved if np.isnan(mine[0]) else mine[0] + ALPHA * (moved - mine[0])
        out[0, row] = mine[0]
