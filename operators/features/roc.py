"""Rate of change of the close."""

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end

PERIOD = 10


@feature(unit="percent", lookback=PERIOD + 1, low=-100.0)
def roc(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Rate of change of the close over 10 bars: 100 (C_t / C_{t-10} - 1).

    Examples
    --------
    >>> float(roc.over({"close": [100.0] * 10 + [105.0]})[0, -1])
    5.0

    References
    ----------
    Equal to TA-Lib ROC.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, result = covered(tape[CLOSE], at, row, stop, PERIOD + 1), out[0, row:stop]
        for each in range(stop - row):
            result[each] = 100.0 * (close[each + PERIOD] / close[each] - 1.0)
        row = stop
