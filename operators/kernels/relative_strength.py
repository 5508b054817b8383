"""Relative strength: the share of gains in all change."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.averages import seeded


@kernel
def relative_strength(gains, losses, change, count, period):
    """Wilder's averages of gains and losses after one more change, and the index that they give.

    Parameters
    ----------
    gains, losses
        The averages after the change before; of no matter for the first.
    change
        Of the close.
    count
        Number of the change, from 1; the index holds once it has reached `period`.

    Returns
    -------
    tuple
        Gains, losses, and the index in percent: 50 where nothing moved.
    """
    up = change if change > 0.0 else 0.0
    down = -change if change < 0.0 else 0.0
    gains = seeded(gains, up, count, period, 1.0 / period)
    losses = seeded(losses, down, count, period, 1.0 / period)
    moved = gains + losses
    return gains, losses, 100.0 * (gains / moved) if moved > 0.0 else 50.0


@kernel
def relative_strengths(closes, at, seen, lane, averages, period):
    """The index at every row; NaN until `period` changes have been seen.

    Parameters
    ----------
    closes
        A row of the tape.
    at, seen, lane
        As a feature is given them.
    averages
        (lanes, 2): Wilder's averages of gains and losses of each lane; moved on.
    """
    result = np.empty(at.size)
    gains = losses = 0.0
    for row in range(at.size):
        if row == 0 or lane[row] != lane[row - 1]:
            gains, losses = averages[lane[row]]
        change = closes[at[row]] - closes[at[row] - 1]
        gains, losses, strength = relative_strength(gains, losses, change, seen[row] - 1, period)
        result[row] = strength if seen[row] > period else np.nan
        if row + 1 == at.size or lane[row + 1] != lane[row]:
            averages[lane[row], 0], averages[lane[row], 1] = gains, losses
    return result
