"""Averages that remember one number."""

from operators.kernels import kernel


@kernel
def seeded(average, value, count, period, alpha):
    """The simple mean of the first `period` values, then exponential: the field's way to begin one.

    Parameters
    ----------
    average
        What was returned for the value before; of no matter for the first.
    value
        The next value.
    count
        Its number, from 1. The result is an average once `count` has reached `period`.
    alpha
        Weight of a new value: 2 / (period + 1), or 1 / period for an average as Wilder takes it.

    Returns
    -------
    float
        Up to `period`, the values so far over `period`: growing into their mean.
    """
    if count == 1:
        return value / period
    if count <= period:
        return average + value / period
    return average + alpha * (value - average)
