"""Exponential moving averages with one number of state."""

from operators.kernels import kernel


@kernel
def seeded(average, value, count, period, alpha):
    """Exponential moving average seeded with the simple mean of the first `period` values, as in TA-Lib.

    Parameters
    ----------
    average
        Return value for the previous value; ignored for the first.
    value
        The next value.
    count
        Ordinal number of the value, from 1; values numbered below 1 are discarded. The result is an average
        once `count` has reached `period`.
    alpha
        Weight of a new value: 2 / (period + 1), or 1 / period for Wilder's smoothing.

    Returns
    -------
    float
        Up to `period`, the sum of the values so far over `period`, which grows into their mean.
    """
    if count > period:
        # Not average + alpha * (value - average): this has a dependency chain of two operations instead of three.
        return (1.0 - alpha) * average + alpha * value
    if count > 1:
        return average + value / period
    return value / period


@kernel
def exponential(values, count, lane, memory, period, alpha):
    """Replace the values of all rows by the `seeded` average of their lanes.

    Parameters
    ----------
    values
        (r,) one per row; overwritten.
    count
        (r,) ordinal number of each value: the `seen` of the row, or one less if a value needs the previous
        bar.
    lane
        (r,) as passed to the kernel of a feature.
    memory
        (lanes,) average of each lane; updated.
    period, alpha
        See `seeded`. With a period of 1 the average starts at the first value.
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
