"""Distance from the volume-weighted average price."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, QUOTE_VOLUME, VOLUME, Floats, Ints, feature

PERIOD = 20


@feature(columns=("vwap_distance",), unit="fraction", lookback=PERIOD)
def vwap(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Close over the volume-weighted average price of the last 20 bars, less one.

    A bar's money is its quote volume; where the input has none, volume times typical price. NaN
    where nothing traded.

    Examples
    --------
    >>> bars = {"close": [10.0] * 19 + [11.0], "volume": [1.0] * 20, "quote_volume": [10.0] * 20}
    >>> float(vwap.over(bars)[0, -1])
    0.1
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] < PERIOD:
            out[0, row] = np.nan
            continue
        money = volume = 0.0
        for then in range(now - PERIOD + 1, now + 1):
            quote = tape[QUOTE_VOLUME, then]
            if np.isnan(quote):
                quote = tape[VOLUME, then] * (tape[HIGH, then] + tape[LOW, then] + tape[CLOSE, then]) / 3.0
            money += quote
            volume += tape[VOLUME, then]
        out[0, row] = tape[CLOSE, now] * volume / money - 1.0 if money > 0.0 else np.nan
