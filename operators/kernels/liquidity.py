"""Liquidity: how an instrument's turnover compares with what is usual for it.

Two exponential means of the turnover of its bars, a fast and a slow one, so that both are of the same
kind and a skewed turnover does not look thin most of the time.
"""

import numpy as np

from domain.slices import INCOMPLETE
from operators.kernels import kernel

THINNEST = 0.01
"""The least share: evidence in a dead market is weak, not void."""


@kernel
def turnovers(bars, frame):
    """Close times, instruments and turnovers of the bars of one frame.

    The turnover is the quote volume, or volume times close where the input did not say; NaN where
    trades are missing. Bars are wide and most are of other frames, so each is looked at once.
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
    """Share of the evidence that stands, in (0, 1]: 1 at the usual turnover or above it, or if none is known.

    (2 V / (V + U)) ** exponent of the turnover V now and the usual U: 1 where they are equal, so that an
    ordinary market changes nothing.
    """
    if mine.slow <= 0.0:
        return 1.0
    now, usual = mine.fast / mine.fast_seen, mine.slow / mine.slow_seen
    return min(1.0, max(THINNEST, 2.0 * now / (now + usual))) ** exponent
