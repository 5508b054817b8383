"""How unusual a bar's volume is."""

import numpy as np

from operators.features import INCOMPLETE, VOLUME, Floats, Ints, feature

PERIOD, LEAST = 30, 20


@feature(unit="standard deviations", lookback=PERIOD + 1)
def volume_zscore(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Standard deviations by which the volume exceeds that of the 30 bars before.

    Volumes are skewed, so z is taken of their square roots. The bar itself is not part of its own
    baseline, nor are bars in which trades are missing; NaN where fewer than 20 whole bars are left. 0
    where the baseline does not vary.

    Examples
    --------
    >>> float(volume_zscore.over({"close": [1.0] * 31, "volume": [1.0, 2.0] * 15 + [8.0]})[0, -1])
    7.8284271
    """
    for row in range(at.size):
        now = at[row]
        if seen[row] <= PERIOD:
            out[0, row] = np.nan
            continue
        total = count = 0.0
        for then in range(now - PERIOD, now):
            whole = 1.0 - tape[INCOMPLETE, then]
            total += whole * np.sqrt(tape[VOLUME, then])
            count += whole
        if count < LEAST:
            out[0, row] = np.nan
            continue
        mean = total / count
        squares = 0.0
        for then in range(now - PERIOD, now):
            squares += (1.0 - tape[INCOMPLETE, then]) * (np.sqrt(tape[VOLUME, then]) - mean) ** 2
        spread = np.sqrt(squares / count)
        # A spread of a few rounding errors is no spread.
        out[0, row] = (np.sqrt(tape[VOLUME, now]) - mean) / spread if spread > 1e-12 * mean else 0.0
