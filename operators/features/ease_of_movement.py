"""Ease of movement."""

import numpy as np

from operators.features import HIGH, LOW, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD = 14


@feature(unit="mean ranges per bar", lookback=PERIOD + 1)
def ease_of_movement(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Ease of movement over 14 bars, normalised: price movement relative to volume, in mean ranges per bar.

    Arms defines it as the mean of (M - M_{t-1}) (H - L) / V with the median price M = (H + L) / 2, in units of
    squared price per volume, which are not comparable across markets. Multiplied by the mean volume and divided by
    the squared mean range of the same bars it is dimensionless: roughly the mean move in ranges, with more weight on
    moves with low volume. Bars without trades or without a range count as 0.

    Examples
    --------
    >>> bars = {"high": range(3, 18), "low": range(1, 16), "close": range(2, 17), "volume": [1e8] * 15}
    >>> float(ease_of_movement.over(bars)[0, -1])
    0.5

    References
    ----------
    Arms, Volume Cycles in the Stock Market, 1996; the normalisation is specific to this project.
    """
    ease, span = np.empty(LONGEST + PERIOD), np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD + 1), covered(tape[LOW], at, row, stop, PERIOD + 1)
        volume = covered(tape[VOLUME], at, row, stop, PERIOD)
        for bar in range(volume.size):
            move = 0.5 * (high[bar + 1] + low[bar + 1]) - 0.5 * (high[bar] + low[bar])
            span[bar] = high[bar + 1] - low[bar + 1]
            eased = move * span[bar] / volume[bar]
            ease[bar] = eased if volume[bar] > 0.0 else 0.0
        result = out[0, row:stop]
        for each in range(stop - row):
            spanned = total(span, each, PERIOD)
            eased = total(ease, each, PERIOD) * total(volume, each, PERIOD) / (spanned * spanned)
            result[each] = eased if spanned > 0.0 else 0.0
        row = stop
