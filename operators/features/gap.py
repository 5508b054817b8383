"""Opening gap."""

from operators.features import CLOSE, OPEN, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end


@feature(unit="percent", lookback=2, low=-100.0)
def gap(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Opening gap from the previous close: 100 (O_t / C_{t-1} - 1).

    Examples
    --------
    >>> float(gap.over({"open": [1.0, 103.0], "close": [100.0, 104.0]})[0, -1])
    3.0
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, begin = covered(tape[CLOSE], at, row, stop, 2), covered(tape[OPEN], at, row, stop, 1)
        result = out[0, row:stop]
        for each in range(stop - row):
            result[each] = 100.0 * (begin[each] / close[each] - 1.0)
        row = stop
