"""Liquidity: the turnover of an instrument relative to its usual level.

Both levels are exponential means of the turnover per bar, a fast and a slow one. Comparing two means, rather than a
single value with a mean, avoids that a skewed turnover appears thin most of the time.
"""

import numpy as np

from domain.slices import INCOMPLETE
from operators.kernels import kernel

THINNEST = 0.01
"""Minimum weight: evidence in an inactive market is weak, but not void."""


@kernel
def turnovers(bars, frame):
    """Close times, instruments and turnovers of the bars of one frame.

    The turnover is the quote volume, or volume times close where the input has none; NaN where trades are
    missing. Bars are wide records and most belong to other frames, so all are read in one pass.
    """
    close_times, instruments = np.empty(bars.size, np.int64), np.empty(bars.size, np.int64)
    found = np.empty(bars.size)
    count = 0
    for row in range(bars.size):
        bar = bars[row]
        if bar.frame != frame:
            continue
        close_times[count], instruments[count] = bar.close_time, bar.instrument
        turnover = bar.volume * bar.close if np.isnan(bar.quote_volume) else bar.quote_volume
        found[count] = np.nan if bar.flags & INCOMPLETE else turnover
        count += 1
    return close_times[:count], instruments[:count], found[:count]


@kernel
def add_turnover(mine, turnover, keep_fast, keep_slow):
    """Add the turnover of a bar; its record has `fast`, `slow` and the weights `fast_seen`, `slow_seen`."""
    mine.fast, mine.fast_seen = mine.fast * keep_fast + turnover, mine.fast_seen * keep_fast + 1.0
    mine.slow, mine.slow_seen = mine.slow * keep_slow + turnover, mine.slow_seen * keep_slow + 1.0


@kernel
def liquidity(mine, exponent):
    """Liquidity weight in (0, 1]: 1 at or above the usual turnover, or if that is unknown.

    (2 V / (V + U)) ** exponent, with the current turnover V and the usual turnover U, capped at 1.
    """
    if mine.slow <= 0.0:
        return 1.0
    now, usual = mine.fast / mine.fast_seen, mine.slow / mine.slow_seen
    return min(1.0, max(THINNEST, 2.0 * now / (now + usual))) ** exponent
