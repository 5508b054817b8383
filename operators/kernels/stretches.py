"""Stretches: runs of rows that are contiguous on the tape, so that their windows can be computed with SIMD.

Row by row, a window of n values costs n steps. In a stretch the windows of neighbouring rows are one bar apart on
the tape, and the processor executes the same step for several of them at once; `operators.features` describes how
to write a loop that vectorises. Each window is still summed separately and in a fixed order, so that the result is
bit-identical for any split into batches.
"""

from operators.kernels import kernel

LONGEST = 512
"""Maximum length of a stretch, so that its intermediate results stay in the L1 cache."""


@kernel
def stretch_end(at, row):
    """First row after `row` that does not directly follow its predecessor on the tape, or is `LONGEST` rows away.

    Tape positions are increasing, so a row at the same distance from `row` on the tape as in `at` has no hole
    before it; the end is found by galloping search.
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
    """Values covered by the windows of the rows `row` to `stop` of a stretch; the n-th window is `[n : n + period]`.

    `values` is a row of the tape. The tape has at least `lookback` - 1 positions before the first bar of a lane, so
    that windows of rows without enough history are defined, too.
    """
    return values[at[row] - period + 1 : at[stop - 1] + 1]
