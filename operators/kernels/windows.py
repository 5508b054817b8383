"""Windows: reductions of the `period` values from `first` on.

Each window is computed from scratch: a running sum would accumulate rounding errors and depend on its start. In a
loop over the rows of a stretch, with a constant period, a window compiles to plain additions or comparisons, which
are vectorised over several rows. They are grouped in fours, which shortens the dependency chain of a single window,
too; the order of operations depends on the period alone.

Extremes are written as `b if b > a else a`: `max` and `min` have special cases for NaN, which prevents vectorisation
(williams_r and donchian took three times as long).
"""

from operators.kernels import inlined


@inlined
def total(values, first, period):
    """Sum of the window."""
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
    """Sum of squared distances from `middle`."""
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
    """Path length of `period` steps from `first` on: the sum of |v_t - v_{t-1}|."""
    result = 0.0
    for step in range(period):
        result += abs(values[first + step + 1] - values[first + step])
    return result


@inlined
def greater(a, b):
    """Maximum of two numbers; `a` must not be NaN."""
    return b if b > a else a


@inlined
def less(a, b):
    """Minimum of two numbers; `a` must not be NaN."""
    return b if b < a else a


@inlined
def highest(values, first, period):
    """Maximum of the window."""
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
    """Minimum of the window."""
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
    """Number of bars since the maximum, the newest if there are several."""
    top, since = highest(values, first, period), 0.0
    for step in range(period):
        since = period - 1.0 - step if values[first + step] >= top else since
    return since


@inlined
def since_lowest(values, first, period):
    """Number of bars since the minimum, the newest if there are several."""
    bottom, since = lowest(values, first, period), 0.0
    for step in range(period):
        since = period - 1.0 - step if values[first + step] <= bottom else since
    return since
