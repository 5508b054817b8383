"""Money flow index."""

import numpy as np

from operators.features import CLOSE, HIGH, LOW, VOLUME, Floats, Ints, feature

PERIOD = 14


@feature(unit="percent", lookback=PERIOD + 1, low=0.0, high=100.0)
def mfi(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Money flow index over 14 bars: the share of money that moved on rising typical prices.

    Examples
    --------
    >>> float(mfi.over({"close": range(1, 21), "volume": [1.0] * 20})[0, -1])
    100.0

    References
    ----------
    Quong and Soudack, 1989; TA-Lib MFI, whose values it equals (0 where less than 1 has flowed).
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        rising = falling = 0.0
        before = (tape[HIGH, now - PERIOD] + tape[LOW, now - PERIOD] + tape[CLOSE, now - PERIOD]) / 3.0
        for then in range(now - PERIOD + 1, now + 1):
            typical = (tape[HIGH, then] + tape[LOW, then] + tape[CLOSE, then]) / 3.0
            # Equal sums of high, low and close can differ by a rounding error, which is no move.
            move, nothing = typical - before, 1e-14 * max(1.0, typical)
            if move > nothing:
                rising += typical * tape[VOLUME, then]
            elif move < -nothing:
                falling += typical * tape[VOLUME, then]
            before = typical
        flowed = rising + falling
        out[0, row] = 100.0 * (rising / flowed) if flowed >= 1.0 else 0.0
