"""Graded outcomes, binned by the uncalibrated log-odds of their candidates."""

import numpy as np

from operators.kernels import kernel

BINS, WIDTH, LOWEST = 80, 0.1, -4.0
"""Number, width and lower edge of the bins of log-odds; the outermost bins include everything beyond."""
WEIGHT, SQUARES, WINS, LOG_ODDS, TOTAL, TOTAL_SQUARES = range(6)
SUMS = 6
"""Decayed sums per bin: weights, squared weights, weight of wins, and weighted sums of the log-odds, of the return in
R, and of its square."""


@kernel
def add_graded(table, regime, log_odds, return_r, weight, keep):
    """Multiply all earlier sums by `keep`, then add an outcome. `table` is (regimes, BINS, SUMS)."""
    for each in range(table.shape[0]):
        for at in range(BINS):
            for name in range(SUMS):
                table[each, at, name] *= keep * keep if name == SQUARES else keep
    at = min(BINS - 1, max(0, int(np.floor((log_odds - LOWEST) / WIDTH))))
    mine = table[regime, at]
    mine[WEIGHT] += weight
    mine[SQUARES] += weight * weight
    mine[WINS] += weight if return_r > 0.0 else 0.0
    mine[LOG_ODDS] += weight * log_odds
    mine[TOTAL] += weight * return_r
    mine[TOTAL_SQUARES] += weight * return_r * return_r


@kernel
def effective(table):
    """Effective sample size, (sum w)^2 / sum w^2; 0 without outcomes.

    Kish, Survey Sampling, 1965.
    """
    weight, squares = table[..., WEIGHT].sum(), table[..., SQUARES].sum()
    return weight * weight / squares if squares > 0.0 else 0.0
