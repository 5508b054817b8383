"""Trailing sums: over the last n of values that stand side by side, for a piece of the tape at once.

Four values of each window are taken before the next four, so the processor works on many windows at a
time; which values are added to which depends on the period alone, so the cut into batches changes no bit.
"""

import numpy as np

from operators.kernels import kernel
from operators.kernels.pieces import LONGEST, next_piece

_FEW = 8
"""Sums under this number are taken one by one, by the same additions: a pass costs more than it saves."""


@kernel
def trailing_sums(values, period, out):
    """`out[i]` is the sum of `values[i : i + period]`, for all of `out`."""
    fours = period // 4 * 4
    if out.size < _FEW:
        for each in range(out.size):
            total = 0.0
            for step in range(each, each + fours, 4):
                total += (values[step] + values[step + 1]) + (values[step + 2] + values[step + 3])
            for step in range(each + fours, each + period):
                total += values[step]
            out[each] = total
        return
    for each in range(out.size):
        out[each] = 0.0
    for step in range(0, fours, 4):
        a, b, c, d = values[step:], values[step + 1 :], values[step + 2 :], values[step + 3 :]
        for each in range(out.size):
            out[each] += (a[each] + b[each]) + (c[each] + d[each])
    for step in range(fours, period):
        a = values[step:]
        for each in range(out.size):
            out[each] += a[each]


@kernel
def walked(values, at, period, out):
    """The length of the last `period` steps, the sum of |v_t - v_{t-1}|, at the places `at` of the tape."""
    steps = np.empty(LONGEST + period)
    begin, end = next_piece(at, 0, period)
    while begin < end:
        before, now = values[at[begin] - period :], values[at[begin] - period + 1 :]
        for place in range(end - begin + period - 1):
            steps[place] = abs(now[place] - before[place])
        trailing_sums(steps, period, out[begin:end])
        begin, end = next_piece(at, end, period)
