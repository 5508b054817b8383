"""Vortex indicator."""

from operators.features import HIGH, LOW, TRUE_RANGE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import total

PERIOD = 14


@feature(columns=("vortex_plus", "vortex_minus"), unit="ratio", lookback=PERIOD + 1, low=0.0)
def vortex(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Vortex indicator VI+ and VI- over 14 bars.

    Σ|H - L_{t-1}| / ΣTR and Σ|L - H_{t-1}| / ΣTR. The greater one indicates the direction of the trend; 0 without
    movement.

    Examples
    --------
    >>> plus, minus = vortex.over({"high": range(3, 18), "low": range(1, 16), "close": range(2, 17)})
    >>> float(plus[-1]), float(minus[-1])
    (1.5, 0.5)

    References
    ----------
    Botes and Siepman, Technical Analysis of Stocks & Commodities, 2010.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        high, low = covered(tape[HIGH], at, row, stop, PERIOD + 1), covered(tape[LOW], at, row, stop, PERIOD + 1)
        ranges = covered(tape[TRUE_RANGE], at, row, stop, PERIOD)
        plus, minus = out[0, row:stop], out[1, row:stop]
        for each in range(stop - row):
            up = down = 0.0
            for step in range(PERIOD):
                up += abs(high[each + step + 1] - low[each + step])
                down += abs(low[each + step + 1] - high[each + step])
            walked = total(ranges, each, PERIOD)
            share = 1.0 / walked
            share = share if walked > 0.0 else 0.0
            plus[each] = up * share
            minus[each] = down * share
        row = stop
