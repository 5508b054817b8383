"""Swings: bars that stand out from those around them."""

import numpy as np

from operators.kernels import kernel


@kernel
def swing_highs(values, reach):
    """Where a swing high becomes known: whether the value `reach` places ago was one.

    It was if it is above the `reach` values before it and not below the `reach` after it, of which the
    last is the one of this place. Of equal neighbours the first counts, so a plateau has one swing and
    a flat market none.

    Returns
    -------
    ndarray
        (places,) bool.
    """
    known = np.zeros(values.size, np.bool_)
    middle, told = values[reach : values.size - reach], known[2 * reach :]
    told[:] = True
    for step in range(1, reach + 1):
        before, after = values[reach - step :], values[reach + step :]
        for at in range(told.size):
            told[at] &= (middle[at] > before[at]) & (middle[at] >= after[at])
    return known


@kernel
def swing_lows(values, reach):
    """Where a swing low becomes known: below the `reach` values before it, not above the `reach` after it."""
    return swing_highs(-values, reach)
