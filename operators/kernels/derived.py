"""Derived columns: values of a bar computed from its prices and the previous close, shared by many features."""

import numpy as np

from operators.kernels import kernel
from operators.kernels.logarithm import ln

DERIVED = ("typical", "true_range", "log_return")


@kernel
def derive(tape):
    """Fill the last three rows of the tape from high, low and close, which are its rows 1 to 3.

    True range and return are meaningless at a position whose predecessor belongs to another instrument.
    """
    high, low, close = tape[1], tape[2], tape[3]
    typical, true_range, log_return = tape[-3], tape[-2], tape[-1]
    for at in range(close.size):
        typical[at] = (high[at] + low[at] + close[at]) / 3.0
    before, now, top, bottom = close[:-1], close[1:], high[1:], low[1:]
    span, change = true_range[1:], log_return[1:]
    for at in range(now.size):
        upper = top[at] if top[at] > before[at] else before[at]
        lower = bottom[at] if bottom[at] < before[at] else before[at]
        span[at] = upper - lower
        change[at] = ln(now[at] / before[at])
    true_range[:1] = high[:1] - low[:1]
    log_return[:1] = np.nan
