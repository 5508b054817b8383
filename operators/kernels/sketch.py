"""Sketch: how values were spread lately, in bins that grow by a constant ratio and fade with time.

The bins of DDSketch over a fixed range: 16 a decade from one millionth to one, so each is 15 % wide
and a value is known to 7.5 %, whatever its size. What lies outside counts to the outermost bin.

Rather than that all bins fade, what is added weighs more each time, which comes to the same. And the
weight below the last value is remembered, so that only the bins between it and the next are walked.

Masson, Rim and Lee, DDSketch, VLDB 2019.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.logarithm import ln

LOWEST, BINS_A_DECADE, BINS = 1e-6, 16, 96
BINS_AN_E = BINS_A_DECADE / np.log(10.0)
TOTAL, WEIGHT, UNDER, BELOW = range(BINS, BINS + 4)
SIZE = BINS + 4
"""Numbers in a sketch: the bins, their sum, the weight of the next value (0: not begun), the bin under
the last value, and the sum of the bins below that."""
HEAVY = 2.0**500


@kernel
def place_of(value):
    """Where a value that is not negative stands among the middles of the bins, in [0, BINS - 1]."""
    place = ln(value * (1.0 / LOWEST)) * BINS_AN_E - 0.5
    place = place if place > 0.0 else 0.0
    return place if place < BINS - 1.0 else BINS - 1.0


@kernel
def rank_then_add(sketch, place, keep):
    """The share of what was seen that is lower than the value at `place`; then everything fades and it is added.

    Half of a bin lies under its middle; between the middles of two bins the share is interpolated. So
    a value that hardly varies stays between 0.25 and 0.75, wherever in its bin it is.

    Parameters
    ----------
    sketch
        (SIZE,); moved on. 0 at first.
    place
        Of the value; see `place_of`.
    keep
        What a weight is multiplied by, in (0, 1).

    Returns
    -------
    float
        In [0, 1]; 0.5 if nothing was seen.
    """
    under = int(place)  # the bin whose middle is the next below
    toward = place - under
    at, below = int(sketch[UNDER]), sketch[BELOW]
    while at < under:
        below += sketch[at]
        at += 1
    while at > under:
        at -= 1
        below -= sketch[at]
    sketch[UNDER], sketch[BELOW] = under, below
    lower = below + 0.5 * (1.0 + toward) * sketch[under]
    if toward > 0.0:
        lower += 0.5 * toward * sketch[under + 1]
    # Clipped, since what was added to `below` and taken off again leaves rounding errors.
    rank = max(0.0, min(1.0, lower / sketch[TOTAL])) if sketch[TOTAL] > 0.0 else 0.5

    weight = sketch[WEIGHT] if sketch[WEIGHT] > 0.0 else 1.0
    sketch[int(place + 0.5)] += weight
    sketch[TOTAL] += weight
    weight *= 1.0 / keep
    if weight > HEAVY:  # a power of 2, so nothing is rounded
        weight /= HEAVY
        for bin_ in range(TOTAL + 1):
            sketch[bin_] /= HEAVY
        sketch[BELOW] /= HEAVY
    sketch[WEIGHT] = weight
    return rank


@kernel
def fade(sketch, keep):
    """Everything in it counts for `keep`, in (0, 1], of what it did; for what fades with time and not with each value.

    No further than to 2^-400 at once, where weights end; what fades so far is gone anyhow.
    """
    if sketch[WEIGHT] > 0.0:
        sketch[WEIGHT] /= max(keep, 2.0**-400)


@kernel
def rank_of(sketch, place):
    """The share of what was seen that is lower than the value at `place`, as `rank_then_add` has it; adds nothing.

    Returns
    -------
    tuple
        The share in [0, 1], 0.5 if nothing was seen; and how many values that stands on, faded ones in part.
    """
    if not sketch[TOTAL] > 0.0:
        return 0.5, 0.0
    under = int(place)
    toward = place - under
    lower = 0.0
    for bin_ in range(under):
        lower += sketch[bin_]
    lower += 0.5 * (1.0 + toward) * sketch[under]
    if toward > 0.0:
        lower += 0.5 * toward * sketch[under + 1]
    return min(1.0, lower / sketch[TOTAL]), sketch[TOTAL] / sketch[WEIGHT]
