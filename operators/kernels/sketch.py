"""Sketch: how values were spread lately, in bins that grow by a constant ratio and fade with time.

The bins of DDSketch over a fixed range: 16 a decade from one millionth to one, so each is 15 % wide
and a value is known to 7.5 %, whatever its size. What lies outside counts to the outermost bin.

Masson, Rim and Lee, DDSketch, VLDB 2019.
"""

import numpy as np

from operators.kernels import kernel

LOWEST, BINS_A_DECADE, BINS = 1e-6, 16, 96


@kernel
def rank_then_add(bins, value, keep):
    """The share of what was seen that is lower than `value`; then everything fades and `value` is added.

    Parameters
    ----------
    bins
        (BINS,) weights of what was seen; moved on.
    value
        Not negative.
    keep
        What a weight is multiplied by, in (0, 1).

    Returns
    -------
    float
        In [0, 1]; 0.5 if nothing was seen. Inside the value's own bin the weight is taken to be
        spread evenly on the log scale.
    """
    place = np.log10(value / LOWEST) * BINS_A_DECADE if value > LOWEST else 0.0
    mine = min(int(place), BINS - 1)
    inside = min(place - mine, 1.0)
    here = bins[mine]
    below = above = 0.0
    for at in range(mine):
        below += bins[at]
        bins[at] *= keep
    for at in range(mine, BINS):
        above += bins[at]
        bins[at] *= keep
    everything = below + above
    rank = (below + inside * here) / everything if everything > 0.0 else 0.5
    bins[mine] += 1.0
    return min(rank, 1.0)
