"""Rolling extremes of a whole tape, by doubling.

Two windows of n bars, one n places after the other, make one of 2 n: a window of 20 takes five passes
(2, 4, 8, 16, 20 bars) in place of nineteen steps, and a pass runs over neighbouring places, of which
the processor takes several at a time.

Each function gives a number for each place of `values`, that of the `period` values that end there: NaN
where there are fewer, and without meaning where the window reaches into the bars of another instrument.
"""

import numpy as np

from operators.kernels import kernel

PART = 512
"""Windows at a time, so that all passes find their values in the nearest cache."""


@kernel
def rolling_high(values, period, width=1):
    """The highest of the last `period` values; of fewer passes if `values` are highs of `width` already."""
    return _farthest(values, period, width, up=True)


@kernel
def rolling_low(values, period, width=1):
    """The lowest of the last `period` values; of fewer passes if `values` are lows of `width` already."""
    return _farthest(values, period, width, up=False)


@kernel
def since_high(values, period):
    """How many places ago the highest of the last `period` values stands, the newest if there are several."""
    return _since_farthest(values, period, 1.0)


@kernel
def since_low(values, period):
    """How many places ago the lowest of the last `period` values stands, the newest if there are several."""
    return _since_farthest(values, period, -1.0)


@kernel
def _farthest(values, period, given, up):
    result = values.copy()
    result[: period - 1] = np.nan
    scratch, spare = np.empty(PART + period), np.empty(PART + period)
    for first in range(0, values.size - period + given, PART):
        older = values[first + given - 1 : first + PART + period - 1]
        ends = result[first + period - 1 : first + PART + period - 1]
        width = given
        while width < period:
            step = min(width, period - width)
            width += step
            newer, wider = older[step:], ends if width == period else scratch[: older.size - step]
            for at in range(wider.size):
                wider[at] = newer[at] if (newer[at] > older[at]) == up else older[at]
            older, scratch, spare = wider, spare, scratch
    return result


@kernel
def _since_farthest(values, period, sign):
    result = np.zeros(values.size)
    result[: period - 1] = np.nan
    now, next_ = np.empty(PART + period), np.empty(PART + period)
    since, next_since = np.empty(PART + period), np.empty(PART + period)
    for first in range(0, values.size - period + 1, PART):
        part = values[first : first + PART + period - 1]
        ends = result[first + period - 1 : first + part.size]
        now[: part.size] = sign * part
        since[:] = 0.0
        width = 1
        while width < period:
            step = min(width, period - width)
            width += step
            older, newer, wider = now, now[step:], next_[: part.size - width + 1]
            older_since, newer_since = since, since[step:]
            wider_since = ends if width == period else next_since[: wider.size]
            # Apart from the values: with more arrays in one loop LLVM stops taking several places at a time.
            for at in range(wider.size):
                wider_since[at] = newer_since[at] if newer[at] >= older[at] else older_since[at] + step
            for at in range(wider.size):
                wider[at] = newer[at] if newer[at] > older[at] else older[at]
            now, next_, since, next_since = next_, now, next_since, since
    return result
