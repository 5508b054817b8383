"""Thresholds: the least expected value at and above which candidates are credibly profitable.

All candidates are graded, including suppressed ones, so every threshold on the grid is evaluated on all candidates
that it would have emitted; no exploration is needed. The grid is in expected value, not in probability, because
strategies differ in their payoffs: 0.6 is good with a far target and too low with a near one. In terms of
probability, the grid starts at the break-even of each candidate.
"""

import numpy as np

from operators.kernels import kernel

POINTS, WIDTH = 21, 0.05
"""The grid: expected values from 0 to 1 R."""
HIGHEST = (POINTS - 1) * WIDTH
"""Threshold where nothing is profitable: a probability of about 0.95 at equal payoffs, which emits almost nothing."""
WEIGHT, SQUARES, TOTAL, TOTAL_SQUARES = range(4)
SUMS = 4
"""Decayed sums per grid point: weights, squared weights, weighted sums of the return in R and of its square."""


@kernel
def add_valued(table, regime, value, return_r, weight, keep):
    """Multiply all earlier sums by `keep`, then add an outcome with the expected value `value` at the decision.

    `table` is (regimes, POINTS, SUMS). Outcomes with an expected value not above 0 are below the grid and are skipped.
    """
    for each in range(table.shape[0]):
        for at in range(POINTS):
            for name in range(SUMS):
                table[each, at, name] *= keep * keep if name == SQUARES else keep
    if not value > 0.0:
        return
    mine = table[regime, min(POINTS - 1, int(value / WIDTH))]
    mine[WEIGHT] += weight
    mine[SQUARES] += weight * weight
    mine[TOTAL] += weight * return_r
    mine[TOTAL_SQUARES] += weight * return_r * return_r


@kernel
def _profitable(own, others, strength, least, deviations):
    """Whether the mean return is credibly above 0, from the sums of a regime and of all others.

    The others add at most `strength` outcomes. With fewer than `least` effective outcomes the answer is False.
    """
    share = min(1.0, strength / others[WEIGHT]) if others[WEIGHT] > 0.0 else 0.0
    weight, squares = own[WEIGHT] + share * others[WEIGHT], own[SQUARES] + share * others[SQUARES]
    if weight <= 0.0 or weight * weight < least * squares:
        return False
    mean = (own[TOTAL] + share * others[TOTAL]) / weight
    spread = max(0.0, (own[TOTAL_SQUARES] + share * others[TOTAL_SQUARES]) / weight - mean * mean)
    return mean - deviations * np.sqrt(spread * squares) / weight > 0.0


@kernel
def least_profitable_value(table, regime, strength, least, deviations):
    """Least expected value of the grid, in R, that is profitable in a regime; HIGHEST if none is.

    Parameters
    ----------
    table
        (regimes, POINTS, SUMS) of `add_valued`.
    strength
        Weight of the other regimes, in outcomes.
    least
        Minimum effective number of outcomes.
    deviations
        Number of standard errors by which the mean return must exceed 0.
    """
    own, others = np.zeros(SUMS), np.zeros(SUMS)
    chosen = HIGHEST
    for at in range(POINTS - 1, -1, -1):
        for each in range(table.shape[0]):
            sums = own if each == regime else others
            for name in range(SUMS):
                sums[name] += table[each, at, name]
        if _profitable(own, others, strength, least, deviations):
            chosen = at * WIDTH
    return chosen
