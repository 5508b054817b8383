"""Amihud illiquidity with time decay."""

import numpy as np

from operators.features import LOG_RETURN, QUOTE_VOLUME, TYPICAL, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

ALPHA = 2.0 / 31.0
MILLION = 1e6


# ln(0.001 / 4) / ln(1 - ALPHA): the initial bar may be four times as illiquid as usual.
@feature(unit="absolute log return per million of quote currency", lookback=2, state=1, warmup=127, low=0.0)
def amihud(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Price impact per million of quote currency traded, exponentially averaged over about 30 bars.

    |ln(C / C_{t-1})| divided by the bar's quote volume, or by volume times typical price where the input has
    none. Bars without trades are skipped.

    Examples
    --------
    >>> bars = {"close": [100.0, 101.0, 100.0], "quote_volume": [5e5, 5e5, 5e5], "volume": [5e3, 5e3, 5e3]}
    >>> float(amihud.over(bars, warm=False)[0, -1])
    0.0199007

    References
    ----------
    Amihud, Journal of Financial Markets 5, 2002.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        change, typical = covered(tape[LOG_RETURN], at, row, stop, 1), covered(tape[TYPICAL], at, row, stop, 1)
        quote, volume = covered(tape[QUOTE_VOLUME], at, row, stop, 1), covered(tape[VOLUME], at, row, stop, 1)
        count, result, mine = seen[row:stop], out[0, row:stop], state[lane[row]]
        for each in range(stop - row):
            money = volume[each] * typical[each] if np.isnan(quote[each]) else quote[each]
            moved = abs(change[each]) * MILLION / money
            result[each] = moved if money > 0.0 else np.nan
        average = mine[0]
        for each in range(stop - row):
            if count[each] == 1:
                average = np.nan
            elif not np.isnan(result[each]):
                average = result[each] if np.isnan(average) else (1.0 - ALPHA) * average + ALPHA * result[each]
            result[each] = average
        mine[0] = average
        row = stop
