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

    Half of a bin lies under its middle; between the middles of two bins the share is interpolated. So
    a value that hardly varies stays between 0.25 and 0.75, wherever in its bin it is.

    Parameters
    ----------
    bins
        (BINS + 1,): the weights of what was seen, and their sum; moved on. 0 at first.
    value
        Not negative.
    keep
        What a weight is multiplied by, in (0, 1).

    Returns
    -------
    float
        In [0, 1]; 0.5 if nothing was seen.
    """
    place = np.log10(value / LOWEST) * BINS_A_DECADE - 0.5 if value > LOWEST else 0.0
    place = max(0.0, min(place, BINS - 1.0))
    under = int(place)  # the bin whose middle is the next below
    toward = place - under
    below = 0.0
    for at in range(under):
        below += bins[at]
    below += 0.5 * (1.0 + toward) * bins[under]
    if toward > 0.0:
        below += 0.5 * toward * bins[under + 1]
    rank = min(1.0, below / bins[BINS]) if bins[BINS] > 0.0 else 0.5
    for at in range(BINS + 1):
        bins[at] *= keep
    bins[int(place + 0.5)] += 1.0
    bins[BINS] += 1.0
    return rank
