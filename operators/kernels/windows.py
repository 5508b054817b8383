"""Windows: what the `period` values from `first` on amount to.

Each is taken anew: a running sum would gather rounding errors, and would depend on where it began. In a
loop over the rows of a stretch, with a constant period, nothing of a window is left but additions or
comparisons, of which the processor takes those of several rows at a time. They go four by four, so that
also in a window by itself one need not wait for the other; the order depends on the period alone.

Extremes are `b if b > a else a`: `max` and `min` treat NaN apart, and a loop with them takes one row at a
time (williams_r and donchian took three times as long).
"""

from operators.kernels import inlined


@inlined
def total(values, first, period):
    """Their sum."""
    fours = period // 4 * 4
    result = 0.0
    for step in range(0, fours, 4):
        result += (values[first + step] + values[first + step + 1]) + (
            values[first + step + 2] + values[first + step + 3]
        )
    for step in range(fours, period):
        result += values[first + step]
    return result


@inlined
def squares(values, first, period, middle):
    """The sum of their squared distances from `middle`."""
    fours = period // 4 * 4
    result = 0.0
    for step in range(0, fours, 4):
        a, b = values[first + step] - middle, values[first + step + 1] - middle
        c, d = values[first + step + 2] - middle, values[first + step + 3] - middle
        result += (a * a + b * b) + (c * c + d * d)
    for step in range(fours, period):
        away = values[first + step] - middle
        result += away * away
    return result


@inlined
def walked(values, first, period):
    """The length of the way that `period` steps from `first` on make: the sum of |v_t - v_{t-1}|."""
    result = 0.0
    for step in range(period):
        result += abs(values[first + step + 1] - values[first + step])
    return result


@inlined
def greater(a, b):
    """The greater of two numbers; `a` must not be NaN."""
    return b if b > a else a


@inlined
def less(a, b):
    """The lesser of two numbers; `a` must not be NaN."""
    return b if b < a else a


@inlined
def highest(values, first, period):
    """The highest."""
    fours = period // 4 * 4
    result = values[first]
    for step in range(0, fours, 4):
        older = greater(values[first + step], values[first + step + 1])
        newer = greater(values[first + step + 2], values[first + step + 3])
        result = greater(result, greater(older, newer))
    for step in range(fours, period):
        result = greater(result, values[first + step])
    return result


@inlined
def lowest(values, first, period):
    """The lowest."""
    fours = period // 4 * 4
    result = values[first]
    for step in range(0, fours, 4):
        older = less(values[first + step], values[first + step + 1])
        newer = less(values[first + step + 2], values[first + step + 3])
        result = less(result, less(older, newer))
    for step in range(fours, period):
        result = less(result, values[first + step])
    return result


@inlined
def since_highest(values, first, period):
    """How many places before the last the highest stands, the newest if there are several."""
    top, since = highest(values, first, period), 0.0
    for step in range(period):
        since = period - 1.0 - step if values[first + step] >= top else since
    return since


@inlined
def since_lowest(values, first, period):
    """How many places before the last the lowest stands, the newest if there are several."""
    bottom, since = lowest(values, first, period), 0.0
    for step in range(period):
        since = period - 1.0 - step if values[first + step] <= bottom else since
    return since
