"""Swings: local extremes of a series."""

import numpy as np

from operators.kernels import inlined
from operators.kernels.stretches import covered, stretch_end


@inlined
def swing_highs(values, at, reach, out):
    """Write the swing high confirmed at each row into `out` (r,), NaN where there is none.

    The value `reach` bars ago is a swing high if it is above the `reach` values before it and not below the
    `reach` values after it, the last of which is the row's own. Of equal neighbours the first counts, so a plateau
    has one swing and a flat market none. `values` is a row of the tape; rows with less than 2 `reach` + 1 bars
    receive an arbitrary value.
    """
    _swings(values, at, reach, 1.0, out)


@inlined
def swing_lows(values, at, reach, out):
    """Write the swing lows: below the `reach` values before, not above the `reach` values after; see `swing_highs`."""
    _swings(values, at, reach, -1.0, out)


@inlined
def _swings(values, at, reach, sign, out):
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, swing = covered(values, at, row, stop, 2 * reach + 1), out[row:stop]
        for each in range(stop - row):
            middle, is_swing = value[each + reach], True
            for step in range(1, reach + 1):
                before, after = middle - value[each + reach - step], middle - value[each + reach + step]
                is_swing &= (sign * before > 0.0) & (sign * after >= 0.0)
            swing[each] = middle if is_swing else np.nan
        row = stop
