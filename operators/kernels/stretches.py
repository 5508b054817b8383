"""Stretches: windows over many rows of one instrument and frame at once.

Row for row a window of n values costs n dependent steps. Here the n-th value of every window in a
stretch is taken before the next, so the processor works on four rows at a time; each row's sum is
still taken oldest first, whatever the stretch, so the cut into batches changes no bit of it. Rows
that have not seen n bars get some value and are masked by their warm-up.

`values` is a row of the tape (or as long as it), `at` the places of the rows, `out` their results.
"""

from operators.kernels import kernel


@kernel
def stretch_end(at, row):
    """The first row after `row` that does not follow its predecessor on the tape."""
    row += 1
    while row < at.size and at[row] == at[row - 1] + 1:
        row += 1
    return row


@kernel
def totals(values, at, period, out):
    """Sums of the last `period` values."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        result = out[row:stop]
        result[:] = 0.0
        for step in range(period):
            first = at[row] - period + 1 + step
            value = values[first : first + stop - row]
            for each in range(value.size):
                result[each] += value[each]
        row = stop


@kernel
def highs(values, at, period, out):
    """The highest of the last `period` values."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        result = out[row:stop]
        result[:] = values[at[row] - period + 1 : at[row] - period + 1 + stop - row]
        for step in range(1, period):
            first = at[row] - period + 1 + step
            value = values[first : first + stop - row]
            for each in range(value.size):
                result[each] = value[each] if value[each] > result[each] else result[each]
        row = stop


@kernel
def lows(values, at, period, out):
    """The lowest of the last `period` values."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        result = out[row:stop]
        result[:] = values[at[row] - period + 1 : at[row] - period + 1 + stop - row]
        for step in range(1, period):
            first = at[row] - period + 1 + step
            value = values[first : first + stop - row]
            for each in range(value.size):
                result[each] = value[each] if value[each] < result[each] else result[each]
        row = stop
