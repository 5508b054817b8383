"""Rolling sums of a whole tape, of values and of how they lie about their mean, by doubling.

Two windows of n bars, one n places after the other, make one of 2 n, and one bar more one of 2 n + 1: a
window of 20 takes four passes (2, 5, 10, 20 bars), and a pass runs over neighbouring places, of which
the processor takes several at a time. Nothing is taken off again, so rounding does not pile up: what a
window amounts to is a function of its own values alone.

Each function gives a number for each place of `values`, that of the `period` values that end there: NaN
where there are fewer, and without meaning where the window reaches into the bars of another instrument.
"""

import numpy as np

from operators.kernels import kernel

PART = 512
"""Windows at a time, so that all passes find their values in the nearest cache."""


@kernel
def rolling_total(values, period):
    """The sum of the last `period` values."""
    result = values.copy()
    result[: period - 1] = np.nan
    scratch, spare = np.empty(PART + period), np.empty(PART + period)
    for first in range(0, values.size - period + 1, PART):
        part = values[first : first + PART + period - 1]
        ends = result[first + period - 1 : first + part.size]
        older, width = part, 1
        for halving in range(_halvings(period) - 1, -1, -1):
            wide = period >> halving
            newer, wider = older[width:], scratch[: part.size - wide + 1] if halving else ends
            if wide % 2:
                newest = part[wide - 1 :]
                for at in range(wider.size):
                    wider[at] = older[at] + newer[at] + newest[at]
            else:
                for at in range(wider.size):
                    wider[at] = older[at] + newer[at]
            older, scratch, spare, width = wider, spare, scratch, wide
    return result


@kernel
def rolling_line(values, period):
    """What a straight line through the last `period` values is made of.

    With X the places and Y the values about their means: ΣY before the mean is taken off, ΣY², and ΣXY.
    Of two windows of n values whose means differ by d they are the sums of both, ΣY² with d² n / 2 more
    and ΣXY with d n² / 2 more; of n values and one that is d above their mean, with d² n / (n + 1) and
    d n / 2 more.

    Returns
    -------
    ndarray
        (3, places).

    References
    ----------
    Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance, 1983.
    """
    result = np.full((3, values.size), np.nan)
    now, next_ = np.empty((3, PART + period)), np.empty((3, PART + period))
    for first in range(0, values.size - period + 1, PART):
        part = values[first : first + PART + period - 1]
        now[0, : part.size], now[1], now[2] = part, 0.0, 0.0
        width = 1
        for halving in range(_halvings(period) - 1, -1, -1):
            wide = period >> halving
            total, square, cross = next_[:, : part.size - wide + 1]
            older, newer = now, now[:, width:]
            for at in range(total.size):
                total[at] = older[0, at] + newer[0, at]
            for at in range(total.size):
                apart = newer[0, at] - older[0, at]
                square[at] = older[1, at] + newer[1, at] + apart * apart * (0.5 / width)
            for at in range(total.size):
                cross[at] = older[2, at] + newer[2, at] + (newer[0, at] - older[0, at]) * (0.5 * width)
            if wide % 2:
                newest = part[wide - 1 :]
                for at in range(total.size):
                    apart = newest[at] - total[at] * (0.5 / width)
                    square[at] += apart * apart * ((wide - 1.0) / wide)
                for at in range(total.size):
                    cross[at] += (newest[at] - total[at] * (0.5 / width)) * width
                for at in range(total.size):
                    total[at] += newest[at]
            now, next_, width = next_, now, wide
        result[:, first + period - 1 : first + part.size] = now[:, : part.size - period + 1]
    return result


@kernel
def _halvings(period):
    """How often `period` can be halved before 1 is left."""
    count = 0
    while period >> count > 1:
        count += 1
    return count
