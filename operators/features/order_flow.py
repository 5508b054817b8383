"""Signed volume imbalance."""

import numpy as np

from operators.features import BUY_VOLUME, VOLUME, Floats, Ints, feature

PERIOD = 10


@feature(columns=("imbalance",), unit="fraction", lookback=PERIOD, low=-1.0, high=1.0)
def order_flow(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Taker buys less taker sells over all volume of the last 10 bars.

    1: every trade hit the ask; -1: every trade hit the bid. NaN where the input does not tell sides,
    and where nothing traded.

    Examples
    --------
    >>> float(order_flow.over({"close": [1.0] * 10, "volume": [4.0] * 10, "buy_volume": [3.0] * 10})[0, -1])
    0.5
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
            continue
        volume = tape[VOLUME, now - PERIOD + 1 : now + 1].sum()
        bought = tape[BUY_VOLUME, now - PERIOD + 1 : now + 1].sum()
        # Clipped, since sums round; by hand, since min and max would turn NaN into a bound.
        lean = (2.0 * bought - volume) / volume if volume > 0.0 else np.nan
        out[0, row] = 1.0 if lean > 1.0 else -1.0 if lean < -1.0 else lean
