"""Aroon indicator."""

from operators.features import HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import since_highest, since_lowest

PERIOD = 25


@feature(
    columns=("aroon_up", "aroon_down", "aroon_oscillator"), unit="percent", lookback=PERIOD + 1, low=-100.0, high=100.0
)
def aroon(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Aroon up and down over 25 bars, and the oscillator: the time since the highest high and the lowest low.

    100 (25 - n) / 25, where n is the number of bars since the extreme, the newest if there are several:
    100 if it is the current bar, 0 if it is 25 bars old. The oscillator is up minus down.

    Examples
    --------
    >>> up, down, both = aroon.over({"close": range(1, 31)})
    >>> float(up[-1]), float(down[-1]), float(both[-1])
    (100.0, 0.0, 100.0)

    References
    ----------
    Chande, 1995. Equal to TA-Lib AROON and AROONOSC.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD + 1), covered(tape[LOW], at, row, stop, PERIOD + 1)
        up, down = out[0, row:stop], out[1, row:stop]
        for each in range(stop - row):
            up[each] = 100.0 * (PERIOD - since_highest(high, each, PERIOD + 1)) / PERIOD
        for each in range(stop - row):
            down[each] = 100.0 * (PERIOD - since_lowest(low, each, PERIOD + 1)) / PERIOD
        row = stop
    for row in range(at.size):
        out[2, row] = out[0, row] - out[1, row]
