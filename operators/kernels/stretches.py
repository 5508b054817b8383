"""Stretches: rows that stand side by side on the tape, so that many of their windows are taken at once.

Row for row a window of n values costs n steps. In a stretch the windows of neighbouring rows lie one bar
apart on the tape, and the processor takes the same step of several of them at a time; `operators.features`
tells how to write a loop that lets it. Each window is taken by itself all the same, in the same order
whatever the stretch: no cut into batches changes a bit.
"""

from operators.kernels import kernel

LONGEST = 512
"""Rows in a stretch at most, so that all that is made of them stays in the nearest cache."""


@kernel
def stretch_end(at, row):
    """The first row after `row` that does not follow its predecessor on the tape, or is `LONGEST` rows away.

    Places only grow, so a row that stands as far from `row` on the tape as in `at` has no hole before
    it: the end is found by doubling and halving.
    """
    most = min(at.size - row, LONGEST)
    if at[row + most - 1] == at[row] + most - 1:
        return row + most
    high = 1
    while high < most and at[row + high] == at[row] + high:
        high *= 2
    low, high = high // 2, min(high, most)
    while high - low > 1:
        middle = (low + high) // 2
        if at[row + middle] == at[row] + middle:
            low = middle
        else:
            high = middle
    return row + high


@kernel
def covered(values, at, row, stop, period):
    """What the windows of the rows `row` to `stop` of a stretch cover: that of the n-th is `[n : n + period]` of it.

    `values` is a row of the tape. Before the first bar of a lane it has at least as many places as a
    feature looks back, so that windows of rows that have not seen enough hold something, too.
    """
    return values[at[row] - period + 1 : at[stop - 1] + 1]
