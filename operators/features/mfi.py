"""Money flow index."""

import numpy as np

from operators.features import TYPICAL, VOLUME, Floats, Ints, feature
from operators.kernels.stretches import LONGEST, covered, stretch_end
from operators.kernels.windows import total

PERIOD = 14


@feature(unit="percent", lookback=PERIOD + 1, low=0.0, high=100.0)
def mfi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Money flow index over 14 bars: the percentage of money flow on rising typical prices.

    Examples
    --------
    >>> float(mfi.over({"close": range(1, 21), "volume": [1.0] * 20})[0, -1])
    100.0

    References
    ----------
    Quong and Soudack, 1989. Equal to TA-Lib MFI (0 where the total flow is below 1).
    """
    up, down = np.empty(LONGEST + PERIOD), np.empty(LONGEST + PERIOD)
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        volume = covered(tape[VOLUME], at, row, stop, PERIOD)
        typical = covered(tape[TYPICAL], at, row, stop, PERIOD + 1)
        for bar in range(volume.size):
            before, now = typical[bar], typical[bar + 1]
            # Equal sums of high, low and close can differ by a rounding error, which does not count as movement.
            nothing = 1e-14 * (now if now > 1.0 else 1.0)
            money = now * volume[bar]
            up[bar] = money if now - before > nothing else 0.0
            down[bar] = money if before - now > nothing else 0.0
        result = out[0, row:stop]
        for each in range(stop - row):
            rising, falling = total(up, each, PERIOD), total(down, each, PERIOD)
            share = 100.0 * (rising / (rising + falling))
            result[each] = share if rising + falling >= 1.0 else 0.0
        row = stop
