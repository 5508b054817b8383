"""Gap from the close before."""

from operators.features import CLOSE, OPEN, Floats, Ints, feature
from operators.kernels.stretches import stretch_end


@feature(unit="percent", lookback=2, low=-100.0)
def gap(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """By how much the bar opened away from the close before it: 100 (O_t / C_{t-1} - 1).

    Examples
    --------
    >>> float(gap.over({"open": [1.0, 103.0], "close": [100.0, 104.0]})[0, -1])
    3.0
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        before, begin = tape[CLOSE, at[row] - 1 : at[stop - 1]], tape[OPEN, at[row] : at[stop - 1] + 1]
        result = out[0, row:stop]
        for each in range(stop - row):
            result[each] = 100.0 * (begin[each] / before[each] - 1.0)
        row = stop
