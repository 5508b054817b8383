"""Graded: what became of candidates, by the log-odds they had before calibration."""

import numpy as np

from operators.kernels import kernel

BINS, WIDTH, LOWEST = 80, 0.1, -4.0
"""Bins of log-odds; the outermost take what lies beyond."""
WEIGHT, SQUARES, WINS, LOG_ODDS, TOTAL, TOTAL_SQUARES = range(6)
SUMS = 6
"""Faded sums in a bin: weights, their squares, weight of wins, and weighted sums of the log-odds, of
the return in R, and of its square."""


@kernel
def add_graded(table, regime, log_odds, return_r, weight, keep):
    """Add an outcome; all that came before fades to `keep`. `table` is (regimes, BINS, SUMS)."""
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
    """How many outcomes of equal weight would tell as much, (sum w)^2 / sum w^2; 0 if there are none.

    Kish, Survey Sampling, 1965.
    """
    weight, squares = table[..., WEIGHT].sum(), table[..., SQUARES].sum()
    return weight * weight / squares if squares > 0.0 else 0.0
