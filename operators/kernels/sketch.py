"""Sketch: the recent distribution of a value in logarithmic bins with exponential decay.

The bins of DDSketch over a fixed range: 16 per decade from 1e-6 to 1, so that each is 15 % wide and the relative
error of a quantile is 7.5 %. Values outside the range count towards the outermost bin.

Instead of multiplying all bins by the decay factor, the weight of new values is increased, which is equivalent. The
weight below the last value is cached, so that only the bins between it and the next value are visited.

Masson, Rim and Lee, DDSketch, VLDB 2019.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.logarithm import ln

LOWEST, BINS_A_DECADE, BINS = 1e-6, 16, 96
BINS_AN_E = BINS_A_DECADE / np.log(10.0)
TOTAL, WEIGHT, UNDER, BELOW = range(BINS, BINS + 4)
SIZE = BINS + 4
"""Length of a sketch: the bins, their sum, the weight of the next value (0: empty), the bin below the last value, and
the sum of the bins below that."""
HEAVY = 2.0**500


@kernel
def place_of(value):
    """Fractional bin index of a non-negative value, relative to the bin centres, in [0, BINS - 1]."""
    place = ln(value * (1.0 / LOWEST)) * BINS_AN_E - 0.5
    place = place if place > 0.0 else 0.0
    return place if place < BINS - 1.0 else BINS - 1.0


@kernel
def rank_then_add(sketch, place, keep):
    """Return the rank of the value at `place`, then decay the sketch and add the value.

    Half of the weight of a bin lies below its centre, and the rank is interpolated between bin centres. A value that
    hardly varies therefore stays between 0.25 and 0.75, wherever in its bin it is.

    Parameters
    ----------
    sketch
        (SIZE,); updated. Initially 0.
    place
        Bin index of the value; see `place_of`.
    keep
        Decay factor of the earlier weights, in (0, 1).

    Returns
    -------
    float
        Fraction of the weight below the value, in [0, 1]; 0.5 for an empty sketch.
    """
    under = int(place)  # the bin with the next lower centre
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
    # Clipped, because adding to and subtracting from `below` leaves rounding errors.
    rank = max(0.0, min(1.0, lower / sketch[TOTAL])) if sketch[TOTAL] > 0.0 else 0.5

    weight = sketch[WEIGHT] if sketch[WEIGHT] > 0.0 else 1.0
    sketch[int(place + 0.5)] += weight
    sketch[TOTAL] += weight
    weight *= 1.0 / keep
    if weight > HEAVY:  # a power of 2: the division is exact
        weight /= HEAVY
        for bin_ in range(TOTAL + 1):
            sketch[bin_] /= HEAVY
        sketch[BELOW] /= HEAVY
    sketch[WEIGHT] = weight
    return rank


@kernel
def fade(sketch, keep):
    """Multiply all weights by `keep`, in (0, 1], for a sketch that decays with time rather than with each value.

    Limited to 2^-400 per call, the range of the weights.
    """
    if sketch[WEIGHT] > 0.0:
        sketch[WEIGHT] /= max(keep, 2.0**-400)


@kernel
def rank_of(sketch, place):
    """Rank of the value at `place` as in `rank_then_add`, without adding it.

    Returns
    -------
    tuple
        Rank in [0, 1], 0.5 for an empty sketch; and the decayed number of values behind it.
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
