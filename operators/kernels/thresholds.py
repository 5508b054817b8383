"""Thresholds: the least expected value at and above which candidates are known to pay.

All candidates are graded, the suppressed too, so each value on the grid is judged by all that would
have been emitted there: there is nothing to explore. The grid is of expected values, not of
probabilities, since strategies differ in what they win and lose: 0.6 is good with a far target, and
too little with a near one. In probability it begins at the break-even of each candidate.
"""

import numpy as np

from operators.kernels import kernel

POINTS, WIDTH = 21, 0.05
"""The grid: expected values from 0 to 1 R."""
MOST = (POINTS - 1) * WIDTH
"""Asked for where nothing pays: about 0.95 where as much is won as lost, so it is nearly silent."""
WEIGHT, SQUARES, TOTAL, TOTAL_SQUARES = range(4)
SUMS = 4
"""Faded sums at a point: weights, their squares, weighted sums of the return in R and of its square."""


@kernel
def add_valued(table, regime, value, return_r, weight, keep):
    """Add an outcome whose expected value was `value` at the decision; all that came before fades to `keep`.

    `table` is (regimes, POINTS, SUMS). What was not expected to pay asks for no threshold and is left out.
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
def _pays(own, others, strength, least, deviations):
    """Whether the mean return is credibly above 0, by the sums of a regime and of all others.

    The others count as at most `strength` outcomes more. Fewer than `least` in all prove nothing.
    """
    share = min(1.0, strength / others[WEIGHT]) if others[WEIGHT] > 0.0 else 0.0
    weight, squares = own[WEIGHT] + share * others[WEIGHT], own[SQUARES] + share * others[SQUARES]
    if weight <= 0.0 or weight * weight < least * squares:
        return False
    mean = (own[TOTAL] + share * others[TOTAL]) / weight
    spread = max(0.0, (own[TOTAL_SQUARES] + share * others[TOTAL_SQUARES]) / weight - mean * mean)
    return mean - deviations * np.sqrt(spread * squares) / weight > 0.0


@kernel
def wanted(table, regime, strength, least, deviations):
    """The least expected value of the grid, in R, that pays in a regime; MOST if none does.

    Parameters
    ----------
    table
        (regimes, POINTS, SUMS) of `add_valued`.
    strength
        How many outcomes the other regimes count for.
    least
        Effective outcomes that a value must have had.
    deviations
        Standard errors that the mean return must lie above 0.
    """
    own, others = np.zeros(SUMS), np.zeros(SUMS)
    chosen = MOST
    for at in range(POINTS - 1, -1, -1):
        for each in range(table.shape[0]):
            sums = own if each == regime else others
            for name in range(SUMS):
                sums[name] += table[each, at, name]
        if _pays(own, others, strength, least, deviations):
            chosen = at * WIDTH
    return chosen
