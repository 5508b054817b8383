"""Columns of a View: gathered from rows of this Slice and from rows carried over from earlier ones."""

import numpy as np

from domain.slices import INCOMPLETE
from operators.kernels import kernel
from operators.kernels.lanes import NOTHING


@kernel
def bar_columns(bars):
    """Return (6, r): open, high, low, close and volume of the bars, and 1 where trades are missing."""
    out = np.empty((6, bars.size))
    for row in range(bars.size):
        bar = bars[row]
        out[0, row], out[1, row], out[2, row], out[3, row] = bar.open, bar.high, bar.low, bar.close
        out[4, row], out[5, row] = bar.volume, 1.0 if bar.flags & INCOMPLETE else 0.0
    return out


@kernel
def gather(now, carried, link):
    """Gather a column by link (`kernels.lanes`): from this Slice, from an earlier one, or NaN."""
    out = np.empty(link.size)
    for row in range(link.size):
        at = link[row]
        if at >= 0:
            out[row] = now[at]
        else:
            out[row] = np.nan if at == NOTHING else carried[-1 - at]
    return out


@kernel
def carry(own, features, rows, lane, carried):
    """Store some rows in `carried`, each in the column of its lane, for later Slices."""
    for row in rows:
        at = lane[row]
        for column in range(own.shape[0]):
            carried[column, at] = own[column, row]
        for column in range(features.shape[0]):
            carried[own.shape[0] + column, at] = features[column, row]
