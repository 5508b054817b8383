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
        Its number, from 1; what comes under smaller numbers is forgotten. The result is an average
        once `count` has reached `period`.
    alpha
        Weight of a new value: 2 / (period + 1), or 1 / period for an average as Wilder takes it.

    Returns
    -------
    float
        Up to `period`, the values so far over `period`: growing into their mean.
    """
    if count > period:
        # Not average + alpha * (value - average): the next value waits for two operations instead of three.
        return (1.0 - alpha) * average + alpha * value
    if count > 1:
        return average + value / period
    return value / period


@kernel
def fade(values, seen, lane, alpha, memory):
    """Put the exponential average of each row's value in its place, begun with the first of its lane.

    Parameters
    ----------
    values
        (r,) one a row; overwritten.
    seen, lane
        (r,) as a feature's kernel is given them.
    alpha
        Weight of a new value.
    memory
        (lanes,) the average after the newest value of each lane; moved on.
    """
    row = 0
    while row < lane.size:
        mine = lane[row]
        average = memory[mine]
        while row < lane.size and lane[row] == mine:
            value = values[row]
            average = (1.0 - alpha) * average + alpha * value if seen[row] > 1 else value
            values[row] = average
            row += 1
        memory[mine] = average
