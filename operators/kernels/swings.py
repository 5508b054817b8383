"""Swings: bars that stand out from those around them."""

import numpy as np

from operators.kernels import inlined
from operators.kernels.stretches import covered, stretch_end


@inlined
def swing_highs(values, at, reach, out):
    """Put the swing high that becomes known at each row into `out` (r,), NaN where none does.

    The value `reach` bars ago is one if it is above the `reach` values before it and not below the
    `reach` after it, of which the last is the row's own. Of equal neighbours the first counts, so a
    plateau has one swing and a flat market none. `values` is a row of the tape; a row that has not seen
    2 `reach` + 1 bars gets something.
    """
    _swings(values, at, reach, 1.0, out)


@inlined
def swing_lows(values, at, reach, out):
    """The same of swing lows: below the `reach` values before it, not above the `reach` after it."""
    _swings(values, at, reach, -1.0, out)


@inlined
def _swings(values, at, reach, sign, out):
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, swing = covered(values, at, row, stop, 2 * reach + 1), out[row:stop]
        for each in range(stop - row):
            middle, told = value[each + reach], True
            for step in range(1, reach + 1):
                before, after = middle - value[each + reach - step], middle - value[each + reach + step]
                told &= (sign * before > 0.0) & (sign * after >= 0.0)
            swing[each] = middle if told else np.nan
        row = stop
