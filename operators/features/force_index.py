"""Force index."""

from operators.features import CLOSE, VOLUME, Floats, Ints, feature
from operators.kernels.averages import exponential
from operators.kernels.stretches import covered, stretch_end

PERIOD = 13
ALPHA = 2.0 / (PERIOD + 1)


# 46 bars for 0.1 % of the weight; twice that, since the volume of the initial bar may be arbitrarily large.
@feature(unit="price times volume", lookback=2, state=1, warmup=92)
def force_index(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Change of the close times volume, exponentially averaged over 13 bars.

    Seeded with the first change.

    Examples
    --------
    >>> float(force_index.over({"close": [10.0, 12.0], "volume": [1.0, 3.0]}, warm=False)[0, -1])
    6.0

    References
    ----------
    Elder, Trading for a Living, 1993.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close, volume = covered(tape[CLOSE], at, row, stop, 2), covered(tape[VOLUME], at, row, stop, 1)
        force = out[0, row:stop]
        for each in range(stop - row):
            force[each] = (close[each + 1] - close[each]) * volume[each]
        row = stop
    exponential(out[0], seen - 1, lane, state[:, 0], 1, ALPHA)
