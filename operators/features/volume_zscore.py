"""How unusual a bar's volume is."""

import numpy as np

from operators.features import VOLUME, Floats, Ints, feature

PERIOD = 30


@feature(unit="standard deviations", lookback=PERIOD + 1)
def volume_zscore(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Standard deviations by which the volume exceeds that of the 30 bars before, on a log scale.

    Volumes are skewed, so z is taken of ln(1 + V / mean V of the window). The bar itself is not part
    of its own baseline. 0 where the baseline does not vary.

    Examples
    --------
    >>> float(volume_zscore.over({"close": [1.0] * 31, "volume": [1.0, 2.0] * 15 + [8.0]})[0, -1])
    6.935282
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        before = tape[VOLUME, now - PERIOD : now]
        scale = before.mean()
        if scale <= 0.0:
            out[0, row] = 0.0
            continue
        logs = np.log1p(before / scale)
        spread = logs.std()
        # A spread of a few rounding errors is no spread.
        out[0, row] = (np.log1p(tape[VOLUME, now] / scale) - logs.mean()) / spread if spread > 1e-12 else 0.0
