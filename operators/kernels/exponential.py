"""Exponential averages over all rows of a Slice."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.averages import seeded


@kernel
def exponential(values, at, count, lane, last, period, alpha):
    """The exponential average of each lane's values, begun with the simple mean of the first `period`.

    Parameters
    ----------
    values
        A row of the tape.
    at, lane
        As a feature is given them.
    count
        Number of each row's value, from 1: what was seen of the lane, or one less if a value needs the
        bar before. A row whose number is 0 has none.
    last
        (lanes,) each lane's average; moved on.
    period, alpha
        See `seeded`.

    Returns
    -------
    ndarray
        (r,), an average where `count` has reached `period`.
    """
    result = np.empty(at.size)
    average = 0.0
    for row in range(at.size):
        if row == 0 or lane[row] != lane[row - 1]:
            average = last[lane[row]]
        average = seeded(average, values[at[row]], count[row], period, alpha)
        result[row] = average
        if row + 1 == at.size or lane[row + 1] != lane[row]:
            last[lane[row]] = average
    return result
