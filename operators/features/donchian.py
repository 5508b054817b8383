"""Donchian channel of the preceding bars."""

from operators.features import CLOSE, HIGH, LOW, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import highest, lowest

PERIOD = 20


@feature(
    columns=("donchian_high", "donchian_low", "range_position"), unit="price, price, fraction", lookback=PERIOD + 1
)
def donchian(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Highest high and lowest low of the preceding 20 bars, and the position of the close in that range.

    The current bar is excluded, so that a close above the channel is a breakout. The position is 0 at the low, 1 at
    the high, and outside [0, 1] beyond the channel; 0.5 where the channel has no width.

    Examples
    --------
    >>> high, low, place = donchian.over({"close": [1.0, 2.0] * 10 + [2.5]})
    >>> float(high[-1]), float(low[-1]), float(place[-1])
    (2.0, 1.0, 1.5)

    References
    ----------
    TA-Lib MAX and MIN of the bars before.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD + 1), covered(tape[LOW], at, row, stop, PERIOD + 1)
        close = covered(tape[CLOSE], at, row, stop, 1)
        tops, bottoms, place = out[0, row:stop], out[1, row:stop], out[2, row:stop]
        for each in range(stop - row):
            top, bottom = highest(high, each, PERIOD), lowest(low, each, PERIOD)
            position = (close[each] - bottom) / (top - bottom)
            tops[each], bottoms[each], place[each] = top, bottom, position if top > bottom else 0.5
        row = stop
