"""Linear regression of the last closes: slope, t-statistic and R²."""

import numpy as np

from operators.features import CLOSE, Floats, Ints, feature
from operators.kernels.stretches import covered, stretch_end
from operators.kernels.windows import greater, less, squares, total

PERIOD = 20
SPREAD = PERIOD * (PERIOD**2 - 1) / 12.0
"""Sum of squares of 0, 1, … 19 about their mean."""


@feature(
    columns=("regression_slope", "regression_t", "regression_r2"),
    unit="price per bar, standard errors, fraction",
    lookback=PERIOD,
)
def linear_regression(tape: Floats, at: Ints, seen: Ints, lane: Ints, state: Floats, out: Floats) -> None:
    """Least-squares line through 20 closes: slope, t-statistic of the slope, and R².

    With the bar numbers X and the closes Y centred on their means, slope = ΣXY / ΣX², R² = (ΣXY)² / (ΣX² ΣY²), and
    t = slope / sqrt((ΣY² - slope ΣXY) / (18 ΣX²)). Prices are autocorrelated, so t far above 2 is common: it
    ranks trends, but is not a significance test. 0 without movement; for a perfect line |t| is capped at 4.2e6.

    Examples
    --------
    >>> slope, t, r2 = linear_regression.over({"close": [1.0, 2.0] * 10})
    >>> float(slope[-1]), float(t[-1]), float(r2[-1])
    (0.0075187, 0.3692744, 0.0075187)

    References
    ----------
    The slope equals TA-Lib LINEARREG_SLOPE.
    """
    row = 0
    while row < at.size:
        stop = stretch_end(at, row)
        close = covered(tape[CLOSE], at, row, stop, PERIOD)
        slopes, certainty, fit = out[0, row:stop], out[1, row:stop], out[2, row:stop]
        for each in range(stop - row):
            middle = total(close, each, PERIOD) / PERIOD
            square, cross = squares(close, each, PERIOD, middle), 0.0
            for step in range(PERIOD // 2):
                # Two closes at the same distance from the middle of the window have the same absolute weight.
                cross += (0.5 * (PERIOD - 1) - step) * (close[each + PERIOD - 1 - step] - close[each + step])
            slope = cross / SPREAD
            # The residual of a perfect line is rounding error, and can be negative.
            left = greater(square - slope * cross, 1e-12 * square)
            t, r2 = slope / np.sqrt(left / ((PERIOD - 2) * SPREAD)), less(1.0, slope * cross / square)
            # Equal closes may differ from their mean by a rounding error, which does not count as movement.
            moved = square > (1e-13 * middle) ** 2 * PERIOD
            slopes[each] = slope if moved else 0.0
            certainty[each] = t if moved else 0.0
            fit[each] = r2 if moved else 0.0
        row = stop
