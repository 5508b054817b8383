"""Recall: rows of numbers, each lane's behind the last few that are remembered of it."""

import numpy as np

from operators.kernels import kernel


@kernel
def recall(values, lane, remembered):
    """A tape of one's own: what a feature made of the bars, where it needs windows of that.

    Parameters
    ----------
    values
        (r,) a number for each row.
    lane
        (r,) lane of each row; those of one lane stand together.
    remembered
        (lanes, n): the last n numbers of each lane, oldest first; moved on.

    Returns
    -------
    tuple
        For each lane what was remembered and then its rows' numbers; and the place of each row there.
    """
    depth = remembered.shape[1]
    place = np.empty(values.size, np.int64)
    lanes = 0
    for row in range(values.size):
        if row == 0 or lane[row] != lane[row - 1]:
            lanes += 1
        place[row] = row + lanes * depth
    tape = np.empty(values.size + lanes * depth)
    row = 0
    while row < values.size:
        first = place[row]
        tape[first - depth : first] = remembered[lane[row]]
        while row + 1 < values.size and lane[row + 1] == lane[row]:
            tape[place[row]] = values[row]
            row += 1
        tape[place[row]] = values[row]
        remembered[lane[row]] = tape[place[row] - depth + 1 : place[row] + 1]
        row += 1
    return tape, place
