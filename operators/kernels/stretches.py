"""Stretches: windows over consecutive bars of one instrument and frame, many rows at once.

Row for row a window of n values costs n dependent steps. In a stretch the windows of neighbouring rows
lie one bar apart on the tape, so the processor takes the same step of several windows at a time. Each
window is still summed oldest first by itself, whatever the stretch: no cut into batches changes a bit.

For this the compiler must see that nothing branches: `period` is a constant where it is called, and
choices are `a if a > b else b`, not `max`, which treats NaN apart.

`values` is a row of the tape (or as long as it), `at` the places of the rows, `out` their results. A
row that has not seen `period` bars gets some value.
"""

import numpy as np

from operators.kernels import kernel


@kernel
def stretch_end(at, row):
    """The first row after `row` that does not follow its predecessor on the tape.

    Places only grow, so a row that stands as far from `row` on the tape as in `at` has no hole before
    it: the end is found by doubling and halving.
    """
    high = 1
    while row + high < at.size and at[row + high] == at[row] + high:
        high *= 2
    low, high = high // 2, min(high, at.size - row)
    while high - low > 1:
        middle = (low + high) // 2
        if at[row + middle] == at[row] + middle:
            low = middle
        else:
            high = middle
    return row + high


@kernel
def covered(values, at, row, stop, period):
    """What the windows of the rows `row` to `stop` of a stretch cover: that of the n-th is `[n : n + period]` of it."""
    return values[at[row] - period + 1 : at[stop - 1] + 1]


@kernel
def totals(values, at, period, out):
    """Sums of the last `period` values, taken anew each time: a running sum would gather rounding errors."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, result = covered(values, at, row, stop, period), out[row:stop]
        for each in range(stop - row):
            total = 0.0
            for step in range(period):
                total += value[each + step]
            result[each] = total
        row = stop


@kernel
def highs(values, at, period, out):
    """The highest of the last `period` values."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, result = covered(values, at, row, stop, period), out[row:stop]
        for each in range(stop - row):
            highest = value[each]
            for step in range(1, period):
                highest = value[each + step] if value[each + step] > highest else highest
            result[each] = highest
        row = stop


@kernel
def lows(values, at, period, out):
    """The lowest of the last `period` values."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, result = covered(values, at, row, stop, period), out[row:stop]
        for each in range(stop - row):
            lowest = value[each]
            for step in range(1, period):
                lowest = value[each + step] if value[each + step] < lowest else lowest
            result[each] = lowest
        row = stop


@kernel
def deviations(values, at, period, out):
    """The standard deviations of the last `period` values, each from its own mean."""
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        value, result = covered(values, at, row, stop, period), out[row:stop]
        for each in range(stop - row):
            mean = 0.0
            for step in range(period):
                mean += value[each + step]
            mean *= 1.0 / period
            squares = 0.0
            for step in range(period):
                squares += (value[each + step] - mean) ** 2
            result[each] = np.sqrt(squares / period)
        row = stop
