"""Signed volume imbalance."""

import numpy as np

from operators.features import BUY_VOLUME, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 10


@feature(columns=("imbalance",), unit="fraction", lookback=PERIOD, low=-1.0, high=1.0)
def order_flow(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Order-flow imbalance over 10 bars: taker buys minus taker sells, over total volume.

    1 if every trade hit the ask, -1 if every trade hit the bid. NaN if the input has no sides, and without volume.

    Examples
    --------
    >>> float(order_flow.over({"close": [1.0] * 10, "volume": [4.0] * 10, "buy_volume": [3.0] * 10})[0, -1])
    0.5
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume, bought = covered(tape[VOLUME], at, row, stop, PERIOD), covered(tape[BUY_VOLUME], at, row, stop, PERIOD)
        result = out[0, row:stop]
        for each in range(stop - row):
            traded = total(volume, each, PERIOD)
            lean = (2.0 * total(bought, each, PERIOD) - traded) / traded
            lean = 1.0 if lean > 1.0 else -1.0 if lean < -1.0 else lean  # rounding
            result[each] = lean if traded > 0.0 else np.nan
        row = stop
