"""Size of the largest trade."""

import numpy as np

from operators.features import LARGEST, TRADES, VOLUME, Floats, Ints, feature
from operators.kernels.logarithm import ln
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 20
ALPHA = 2.0 / 51.0


# ln(0.001 / 5) / ln(1 - ALPHA): a deviation off by a thousandth of the first is much for a value near 0.
@feature(
    columns=("trade_size_tail", "largest_zscore"),
    unit="mean trade sizes, standard deviations",
    lookback=PERIOD,
    state=2,
    warmup=215,
)
def trade_size_tail(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Largest trade of the bar over the mean trade size of the last 20 bars, and its z-score.

    The ratio grows with the number of trades in a bar and differs between markets; the z-score compares a market with
    itself: standard deviations of ln(largest) above its mean over the preceding bars, both exponentially averaged
    over about 50 bars. Bars without trades are skipped and have no value; NaN also if the input has no trades, as
    for files of bars. The z-score is 0 where the largest trade is constant.

    Examples
    --------
    >>> bars = {"close": [1.0] * 241, "volume": [10.0] * 241, "trades": [5.0] * 241}
    >>> tail, unusual = trade_size_tail.over({**bars, "largest": [3.0, 5.0] * 120 + [8.0]})
    >>> float(tail[-1]), float(unusual[-1])
    (4.0, 2.8)

    References
    ----------
    Finch, Incremental Calculation of Weighted Mean and Variance, 2009.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        trades, volume = covered(tape[TRADES], at, row, stop, PERIOD), covered(tape[VOLUME], at, row, stop, PERIOD)
        largest, count = covered(tape[LARGEST], at, row, stop, 1), seen[row:stop]
        tail, unusual, mine = out[0, row:stop], out[1, row:stop], state[lane[row]]
        for each in range(stop - row):
            unusual[each] = ln(largest[each])
            means = largest[each] * total(trades, each, PERIOD) / total(volume, each, PERIOD)
            tail[each] = means if largest[each] > 0.0 else np.nan
        mean, variance = mine[0], mine[1]
        for each in range(stop - row):
            if count[each] == 1:
                mean = np.nan
            if not largest[each] > 0.0:
                unusual[each] = np.nan
                continue
            if np.isnan(mean):
                mean, variance = unusual[each], 0.0
            away = unusual[each] - mean
            # A spread of the order of the rounding error counts as 0.
            unusual[each] = away / np.sqrt(variance) if variance > 1e-24 else 0.0
            mean += ALPHA * away
            variance = (1.0 - ALPHA) * variance + (1.0 - ALPHA) * ALPHA * away * away
        mine[0], mine[1] = mean, variance
        row = stop
