"""How far the largest trade stands out."""

import numpy as np

from operators.features import LARGEST, TRADES, VOLUME, Floats, Ints, feature
from operators.kernels.windows import total

PERIOD = 20
ALPHA = 2.0 / 51.0


@feature(
    columns=("trade_size_tail", "largest_zscore"),
    unit="mean trade sizes, standard deviations",
    lookback=PERIOD,
    state=2,
    warmup=174,
)
def trade_size_tail(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Largest trade of the bar over the mean size of the last 20 bars' trades, and how unusual the largest is.

    The first grows with the number of trades in a bar and differs from market to market; the second
    compares a market with itself: deviations by which ln(largest) exceeds that of the bars before, both
    exponentially averaged over about 50 bars. Bars without trades change nothing and have no value; NaN
    too where the input does not tell trades, as files of bars do not. 0 where the largest does not vary.

    Examples
    --------
    >>> bars = {"close": [1.0] * 201, "volume": [10.0] * 201, "trades": [5.0] * 201}
    >>> tail, unusual = trade_size_tail.over({**bars, "largest": [3.0, 5.0] * 100 + [8.0]})
    >>> float(tail[-1]), float(unusual[-1])
    (4.0, 2.8)

    References
    ----------
    Finch, Incremental Calculation of Weighted Mean and Variance, 2009.
    """
    for row in range(at.size):
        now = at[row]
        mine = state[lane[row]]  # mean and variance of ln(largest)
        if seen[row] == 1:
            mine[:] = np.nan
        out[:, row] = np.nan
        if not tape[LARGEST, now] > 0.0:
            continue
        if seen[row] >= PERIOD:
            volume = total(tape[VOLUME], now - PERIOD + 1, now + 1)
            out[0, row] = tape[LARGEST, now] * total(tape[TRADES], now - PERIOD + 1, now + 1) / volume
        size = np.log(tape[LARGEST, now])
        if np.isnan(mine[0]):
            mine[0], mine[1] = size, 0.0
        away = size - mine[0]
        # A spread of a few rounding errors is no spread.
        out[1, row] = away / np.sqrt(mine[1]) if mine[1] > 1e-24 else 0.0
        mine[0] += ALPHA * away
        mine[1] = (1.0 - ALPHA) * (mine[1] + ALPHA * away * away)
