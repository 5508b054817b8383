"""Signed volume imbalance."""

import numpy as np

from operators.features import BUY_VOLUME, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import totals

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
    volume, bought = np.empty(at.size), np.empty(at.size)
    totals(tape[VOLUME], at, PERIOD, volume)
    totals(tape[BUY_VOLUME], at, PERIOD, bought)
    for row in range(at.size):
        lean = (2.0 * bought[row] - volume[row]) / volume[row]
        lean = 1.0 if lean > 1.0 else -1.0 if lean < -1.0 else lean  # sums round
        out[0, row] = lean if volume[row] > 0.0 else np.nan
