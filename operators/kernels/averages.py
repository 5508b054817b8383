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
def exponential(values, count, lane, memory, period, alpha):
    """Put the average of each row's lane, as `seeded` has it, in the place of each row's value.

    Parameters
    ----------
    values
        (r,) one a row; overwritten.
    count
        (r,) number of each value: what was `seen` of the lane, or one less if a value needs the bar
        before.
    lane
        (r,) as a feature's kernel is given it.
    memory
        (lanes,) each lane's average; moved on.
    period, alpha
        See `seeded`. With a period of 1 the average begins with the first value.
    """
    row = 0
    while row < lane.size:
        mine = lane[row]
        average = memory[mine]
        while row < lane.size and lane[row] == mine:
            average = seeded(average, values[row], count[row], period, alpha)
            values[row] = average
            row += 1
        memory[mine] = average
